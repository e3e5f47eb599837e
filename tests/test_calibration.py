"""Error bars: that intervals cover the propensity, not its noisy labels, and where they stand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
from equiglass.evaluation.calibrating import HeldOut, calibrated, coverage, fit
from equiglass.evaluation.reliability import by_size, coverage_rows, curve
from equiglass.models.calibration import UNCALIBRATED, Calibration, ErrorModel
from equiglass.models.held_out import (
    TRAINED_ON,
    members_for,
    names_in_record,
    prints_of,
    recorded_name,
    unseen_by,
)
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete

FLOOR, RELATIVE, SPREAD = 0.05, 0.2, 1.5


def made_up(
    seed: int, n: int = 4000, *, spread: bool = True, heavy: bool = False
) -> tuple[HeldOut, np.ndarray]:
    """Predictions of known errors, labels with noise as large, and the propensities themselves."""
    rng = np.random.default_rng(seed)
    predicted = rng.gamma(6, 0.1, n)
    between = rng.gamma(4, 0.02, n)
    scale = np.sqrt(FLOOR**2 + (RELATIVE * predicted) ** 2 + (SPREAD * between) ** 2 * spread)
    # Of unit variance, with the tails of Student's t.
    drawn = rng.standard_t(5, n) * (3 / 5) ** 0.5 if heavy else rng.standard_normal(n)
    propensity = predicted + scale * drawn
    noise = 0.15 * predicted + 0.02
    label = propensity + noise * rng.standard_normal(n)
    return HeldOut(predicted, label, noise, between if spread else None), propensity


def inside(part: HeldOut, propensity: np.ndarray, model: ErrorModel) -> list[float]:
    """Shares of propensities in the intervals of 68 and 95 %."""
    deviation = model.deviation(part.predicted, part.spread)
    off = np.abs(propensity - part.predicted)
    return [float((off <= f * deviation).mean()) for f in (model.factor_68, model.factor_95)]


@pytest.mark.parametrize("heavy", [False, True])
def test_intervals_cover_the_propensity(heavy: bool) -> None:
    """Of further data, within three standard errors and what normal noise makes of heavy tails."""
    model = fit([made_up(seed, heavy=heavy)[0] for seed in range(5)], "A", 1.0)
    part, propensity = made_up(99, 40_000, heavy=heavy)
    assert inside(part, propensity, model) == pytest.approx([0.68, 0.95], abs=0.02)
    # With the noise taken for error they would be too wide.
    silent = [replace(made_up(seed, heavy=heavy)[0], noise=np.zeros(4000)) for seed in range(5)]
    assert inside(part, propensity, fit(silent, "A", 1.0))[0] > 0.74


def test_terms_are_found() -> None:
    model = fit([made_up(seed, 20_000)[0] for seed in range(5)], "A", 1.0)
    found = [model.floor, model.relative, model.spread]
    assert found == pytest.approx([FLOOR, RELATIVE, SPREAD], rel=0.2)
    assert model.factor_68 == pytest.approx(0.994, abs=0.02)
    assert model.factor_95 == pytest.approx(1.960, abs=0.04)
    alone = fit([made_up(1, spread=False)[0]], "A", 1.0)
    assert alone.spread == 0 and alone.relative > 0


def test_tested_on_what_was_left_out() -> None:
    parts = [made_up(seed)[0] for seed in range(4)]
    model = calibrated(parts, "A", 1.0)
    assert [model.covered_68, model.covered_95] == pytest.approx([0.68, 0.95], abs=0.02)
    # A configuration of another kind lowers what is covered, but not of itself.
    strange = replace(parts[0], label=parts[0].label + 1.0)
    assert coverage(strange, fit(parts[1:], "A", 1.0), 0.68) < 0.05
    assert calibrated([strange, *parts[1:]], "A", 1.0).covered_95 < 0.9  # type: ignore[operator]
    assert calibrated(parts[:1], "A", 1.0).covered_68 is None


@pytest.fixture
def model() -> eg.PropensityModel:
    """Four untrained members, two for each of two folds, of liquids 0 and 1, and 2 and 3."""
    torch.manual_seed(2)
    found = eg.PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, (1.0, 2.0), 4).double()
    found.target_std.mul_(0.05)
    return found.eval()


def with_folds(model: eg.PropensityModel, data: list[eg.Configuration]) -> eg.PropensityModel:
    """The card of a cross-validation, with the scores that each held-out configuration has."""
    from equiglass.evaluation.score import score
    from equiglass.models.members import member_of

    rows: dict[tuple[str, float], list[dict[str, float]]] = {}
    for fold in (0, 1):
        mine = data[2 * fold : 2 * fold + 2]
        members = [member_of(model, k) for k in (2 * fold, 2 * fold + 1)]
        found = score(
            lambda c, m=members: np.mean([one.predict(c) for one in m], axis=0),
            model.times, mine, model="", data="",
        )  # fmt: skip
        for one in found.scores:
            named = zip((c.source for c in mine), one.per_configuration, strict=True)
            rows.setdefault((one.type, one.time), []).append(dict(named))
    pearson = [{"type": t, "time": time, "mean": 0.1, "std": 0.1, "folds": folds}
               for (t, time), folds in rows.items()]  # fmt: skip
    model.card = replace(
        model.card, metrics={"cross_validation": {"n_folds": 2, "pearson": pearson}}
    )
    return model


def test_names_of_several_sets_are_told_apart() -> None:
    sources = ["x/a.zarr/T0.5-000", "x/b.zarr/T0.5-000", "x/b.zarr/T0.5-001"]
    names = names_in_record(sources)
    assert names == ["a.zarr/T0.5-000", "b.zarr/T0.5-000", "T0.5-001"]
    # Wherever the sets lie now, each is found as what it was; another set's is not taken for it.
    elsewhere = [source.replace("x/", "y/z/") for source in sources]
    assert [recorded_name(names, source) for source in elsewhere] == names
    assert recorded_name(names, "y/c.zarr/T0.5-000") not in names


def test_every_configuration_by_members_that_did_not_see_it(
    model: eg.PropensityModel, tmp_path: Path
) -> None:
    data = [make_complete(200, seed=k) for k in range(4)]
    with_folds(model, data)
    assert unseen_by(model)["liquid 2"] == (2, 3)
    assert members_for(model, [make_complete(seed=9)]) is None
    with pytest.raises(eg.InputError, match="some of these were held out"):
        members_for(model, [data[0], make_complete(seed=9)])
    found = eg.calibrate(model, data, output=tmp_path / "calibrated")
    assert found.calibration.n_members == 2 and found.calibration.n_configurations == 4
    spread = found.parts["A", 1.0][2].spread
    from equiglass.models.members import member_of

    two = [member_of(model, k).predict(data[2])[0][data[2].types == 0] for k in (2, 3)]
    np.testing.assert_allclose(spread, np.std(two, axis=0, ddof=1))
    rows = coverage_rows(found)
    assert {(r["type"], r["time"]) for r in rows} == {(t, x) for t in "AB" for x in (1.0, 2.0)}
    for row in rows:
        # The labels are noise of 0.1 about 0.3 whose stated error is 0.01: all of it is error.
        assert row["covered_68"] == pytest.approx(0.68, abs=0.12)
    nominal, observed = curve(found, "A", 1.0)
    assert (np.diff(observed) >= 0).all() and len(nominal) == len(observed)
    assert by_size(found, "A", 1.0)[0].shape == (10,)
    (expected, *_) = found.calibration.expected
    assert expected.n == 4 and expected.low is not None and expected.low < expected.rho

    # Of another configuration under the same name the recorded score does not come out.
    with pytest.raises(eg.InputError, match="not the configuration of this name"):
        eg.calibrate(model, [*data[:3], make_complete(200, seed=9).replace(source="liquid 3")])
    # Under another name, members that were trained on it would be taken.
    model.card = replace(model.card, notes={TRAINED_ON: prints_of(data)})
    with pytest.raises(eg.InputError, match="was trained on 1 of these 1"):
        eg.calibrate(model, [data[2].replace(source="renamed")])
    bare = [c.replace(propensity_error=None) for c in data]
    with pytest.raises(eg.InputError, match="labels without their errors"):
        eg.calibrate(model, bare)

    restored = eg.load_model(tmp_path / "calibrated")
    assert restored.card.calibration == found.calibration
    (described,) = eg.list_models([restored])
    assert described.as_dict()["calibration"]["n_members"] == 2
    result = CliRunner().invoke(app, ["models", str(tmp_path / "calibrated")])
    assert result.exit_code == 0 and "4 held-out configurations" in result.stdout
    (packaged,) = eg.list_models(["ka3d_t044"])
    assert "MIT" in packaged.licence and "Apache-2.0" in packaged.licence
    said = CliRunner().invoke(app, ["models"]).stdout
    assert f"domain: {packaged.domain}" in said and f"licence: {packaged.licence}" in said
    assert str(packaged.domain).startswith("3D, A 0.8, B 0.2, density 1.2, thermal energy -7.0")


def test_error_bars_are_in_every_output(model: eg.PropensityModel, tmp_path: Path) -> None:
    data = [make_complete(100, seed=k) for k in range(2)]
    eg.predict(model, data, output=tmp_path / "plain.extxyz")
    (plain, _) = ase.io.read(tmp_path / "plain.extxyz", index=":")
    assert plain.info["calibration"] == UNCALIBRATED and "mobility_error_t1" not in plain.arrays

    errors = [
        ErrorModel(type=t, time=1.0, floor=0.01, relative=0.0, spread=2.0, factor_68=1, factor_95=2)
        for t in "AB"
    ]
    calibration = Calibration(data="made up", n_configurations=3, n_members=4, errors=tuple(errors))
    model.card = replace(model.card, calibration=calibration)
    found = eg.predict(model, data, output=tmp_path / "once.extxyz")
    each = np.stack([m.predict(data[0]) for m in _members(model)])
    half = np.sqrt(0.01**2 + (2 * each.std(axis=0, ddof=1)[0]) ** 2)
    np.testing.assert_allclose(found[0].error[0], half)  # type: ignore[index]
    np.testing.assert_allclose(found[0].error_95[0], 2 * half)  # type: ignore[index]
    assert np.isnan(found[0].error[1]).all()  # type: ignore[index]  # a time that is not calibrated
    eg.predict(model, data, output=tmp_path / "frames.npz", frames=":", n_processes=1)
    with np.load(tmp_path / "frames.npz") as stored:
        np.testing.assert_allclose(stored["predicted_propensity_error"][0, :100], half)
        assert "3 held-out configurations" in str(stored["calibration"])
        said = json.loads(str(stored["about"]))["calibration"]
    (first, _) = ase.io.read(tmp_path / "once.extxyz", index=":")
    lacking = f"none at t = {model.times[1]:g}; for snapshots alone"
    assert lacking in said and lacking in first.info["calibration"]
    (described,) = eg.list_models([model])
    assert described.calibrated == [f"{calibration}; none at t = {model.times[1]:g}"]
    fewer = calibration.model_copy(update={"errors": tuple(errors[:1])})
    assert fewer.said_of("AB", model.times).endswith(
        f"none for A at t = {model.times[1]:g}; none for B at t = 1, {model.times[1]:g}"
    )
    assert fewer.said_of("A", (1.0,)) == str(fewer)
    np.testing.assert_allclose(first.arrays["mobility_error95_t1"], 2 * half, rtol=1e-6)


def _members(model: eg.PropensityModel) -> list[eg.PropensityModel]:
    from equiglass.models.members import member_of

    return [member_of(model, k) for k in range(4)]


def test_training_data_are_refused(model: eg.PropensityModel, tmp_path: Path) -> None:
    file = tmp_path / "data.extxyz"
    eg.convert([make_complete(100)], file)
    model.card = replace(model.card, notes={"training": {"data": {"path": str(file)}}})
    with pytest.raises(eg.InputError, match="was trained on 1 of these 1"):
        eg.calibrate(model, str(file))
    # Whichever part of them is named.
    store = eg.convert(file, tmp_path / "data.zarr")
    parts = [replace(store.entries[0], split=split) for split in ("train", "test")]
    whole = replace(store, entries=tuple(parts))
    model.card = replace(model.card, notes={"training": {"data": {"path": store.source}}})
    for split in ("train", "all"):
        with pytest.raises(eg.InputError, match="was trained on 1 of these"):
            eg.calibrate(model, whole, split=split)
    # Newer cards say which structures, wherever they lie now.
    model.card = replace(model.card, notes={"trained_on": prints_of([make_complete(100)])})
    with pytest.raises(eg.InputError, match="was trained on 1 of these 2"):
        eg.calibrate(model, [make_complete(100), make_complete(100, seed=1)])


def test_labels_of_one_structure_keep_their_predictions(model: eg.PropensityModel) -> None:
    """A structure that occurs twice does not shift the scores of those after it."""
    first, second, third = (make_complete(100, seed=k) for k in (5, 6, 7))
    again = first.replace(propensity=second.propensity, source="again")
    expected = [s.per_configuration for s in eg.calibrate(model, [second, third]).evaluation.scores]
    found = eg.calibrate(model, [first, again, second, third]).evaluation.scores
    assert [s.per_configuration[2:] for s in found] == expected


def test_a_calibrated_model_does_not_go_into_the_data(
    model: eg.PropensityModel, tmp_path: Path
) -> None:
    store = eg.convert([make_complete(100, seed=k) for k in (5, 6)], tmp_path / "data.zarr")
    with pytest.raises(eg.InputError, match="is what is read"):
        eg.calibrate(model, store.source, output=store.source)
