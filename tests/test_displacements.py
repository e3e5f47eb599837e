"""What particles' displacements on the way to states add: fitted, stored, joined, declared."""

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
from equiglass.models.displacements import moved, same_runs
from equiglass.models.members import member_of
from equiglass.models.over_states import states_of
from equiglass.models.prepared import prepared
from equiglass.models.se3 import SE3Config
from equiglass.reporting.view.made import made_in
from equiglass.simulation.preparation import preparation
from tests.conftest import make_complete
from tests.models.store_models import DISPLACEMENTS

# In runs of at most 2 % of tau_alpha, about 8: the second time of the model is long enough.
SOME = eg.States(3, time=0.3, displacements=True)
TIMES = (0.52, 16.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three ensembles without the inherent structures that come with them."""
    folder = tmp_path_factory.mktemp("data") / "three.zarr"
    made = ("inherent_positions", "inherent_energy", "thermal_energy")
    eg.convert(eg.read("ka3d@0.64").take([0, 1, 2]), folder, drop=made)
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> eg.Dataset:
    return eg.read(folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States and quenches of all tests here."""
    return tmp_path_factory.mktemp("states")


@pytest.fixture
def network() -> eg.PropensityModel:
    """Untrained, and new for each test: a calibration is written to its card."""
    return untrained()


def untrained() -> eg.PropensityModel:
    torch.manual_seed(1)
    inputs = {"graph": "inherent"}
    config = SE3Config.model_validate({"layers": 1, "channels": 2, "l_max": 1, "inputs": inputs})
    return eg.PropensityModel(config, 2, TIMES).eval()


@pytest.fixture(scope="module")
def model(data: eg.Dataset, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That has learned from displacements."""
    folder = tmp_path_factory.mktemp("models") / "learned"
    options = {"split": "all", "cache": cache, "n_processes": 1}
    eg.calibrate(untrained(), data, output=folder, states=SOME, **options)
    return folder


def test_moved_goes_across_the_boundary() -> None:
    c = make_complete(50)
    inherent = c.inherent_positions
    assert inherent is not None
    shift = np.array([0.3, 0.4, 0.0])
    # There and back: the mean distance is not the distance of the mean.
    states = [
        c.replace(
            positions=(c.positions + k * shift) % c.box,
            inherent_positions=(inherent - 0.4 * k * shift) % c.box,
        )
        for k in (1, -3)
    ]
    found = moved(c, states)
    np.testing.assert_allclose(found.thermal, 1.0, atol=1e-5)  # the mean of 0.5 and 1.5
    np.testing.assert_allclose(found.inherent, 0.4, atol=1e-5)
    expected = np.tile([1.0, np.sqrt(0.4)], (50, 1))
    np.testing.assert_allclose(found.columns(), expected, atol=1e-5)


def test_runs_are_alike_but_for_rounding() -> None:
    one = DISPLACEMENTS
    alike = one.model_copy(update={"spacing": one.spacing * 1.001, "temperature": 0.5001})
    assert same_runs(one, alike)
    for change in ({"runs": (3,)}, {"spacing": one.spacing * 1.01}, {"temperature": 0.51}):
        assert not same_runs(one, one.model_copy(update=change))


def test_terms_are_those_of_least_squares(
    data: eg.Dataset, network: eg.PropensityModel, cache: Path
) -> None:
    """And each score is by the terms of all other configurations."""
    options = {"split": "all", "cache": cache, "n_processes": 1}
    found = eg.calibrate(network, data, states=SOME, **options)
    learned = found.learned
    assert learned is not None and learned.displacements.n_configurations == 3
    assert {(t.type, t.time) for t in learned.displacements.terms} == {("A", 16.5), ("B", 16.5)}
    plain = eg.States(3, time=0.3)
    predictions = eg.predict(network, data, states=plain, cache=cache, n_processes=1)
    features, labels = [], []
    for k, p in enumerate(predictions):
        runs = eg.predict(network, data.take([k]), states=plain, cache=cache, n_processes=1)
        np.testing.assert_array_equal(runs[0].values, p.values)
        c = p.configuration
        mine = c.types == 0
        columns = _columns(network, c, cache)
        ones = np.ones(mine.sum())
        features.append(np.column_stack([p.values[1][mine], columns[mine], ones]))
        labels.append(c.propensity[c.times.tolist().index(16.5)][mine])

    def solved(some: list[int]) -> np.ndarray:
        matrix = np.concatenate([features[k] for k in some])
        return np.linalg.lstsq(matrix, np.concatenate([labels[k] for k in some]), rcond=None)[0]

    (term,) = [t for t in learned.displacements.terms if t.type == "A"]
    expected = [term.prediction, term.thermal, term.inherent, term.constant]
    np.testing.assert_allclose(solved([0, 1, 2]), expected, rtol=1e-6)
    rho = [
        np.corrcoef(features[k] @ solved([i for i in range(3) if i != k]), labels[k])[0, 1]
        for k in range(3)
    ]
    (score,) = [s for s in learned.joined.scores if (s.type, s.time) == ("A", 16.5)]
    np.testing.assert_allclose(score.per_configuration, rho, rtol=1e-6)
    (row, _) = learned.rows()
    assert row["joined"] == pytest.approx(np.mean(rho)) and row["joined"] > row["average"]


def _columns(model: eg.PropensityModel, c: eg.Configuration, cache: Path) -> np.ndarray:
    (made,) = states_of(model, [c], preparation(cache=cache, n_processes=1), eg.States(3, time=0.3))
    return moved(c, made.states).columns()


def test_predictions_are_joined_and_say_so(
    data: eg.Dataset, model: Path, cache: Path, tmp_path: Path
) -> None:
    one = data.take([0])
    out, framed = tmp_path / "at_once.extxyz", tmp_path / "framed.extxyz"
    (found,) = eg.predict(model, one, output=out, states=SOME, cache=cache, n_processes=1)
    eg.predict(model, one, output=framed, frames=":", states=SOME, cache=cache, n_processes=1)
    assert out.read_text() == framed.read_text()
    for ending in (".extxyz", ".gsd", ".lammpstrj"):  # what a page is made from
        file = tmp_path / f"shown{ending}"
        eg.predict(model, one, output=file, states=SOME, cache=cache, n_processes=1)
        read = made_in(file)
        assert read is not None
        assert "joined with how far particles move" in read(0).told["extra_simulation"]
    (plain,) = eg.predict(model, one, states=eg.States(3, time=0.3), cache=cache, n_processes=1)
    over = found.over_states
    assert over is not None and over.learned is not None
    np.testing.assert_array_equal(over.average, plain.values)
    np.testing.assert_array_equal(found.values[0], plain.values[0])  # too early to be averaged
    c = found.configuration
    columns = _columns(eg.load_model(model), c, cache)
    for term in over.learned.terms:
        mine = c.types == "AB".index(term.type)
        np.testing.assert_allclose(
            found.values[1][mine], term.joined(plain.values[1][mine], columns[mine]), rtol=1e-5
        )
    atoms = ase.io.read(out)
    np.testing.assert_allclose(atoms.arrays["mobility_t16p5"], found.values[1])
    np.testing.assert_allclose(atoms.arrays["mobility_states_mean_t16p5"], plain.values[1])
    assert (
        "averaged over 3 states, joined with how far particles move, as 3 held-out"
        in (atoms.info["extra_simulation"])
    )
    plainly = plain.as_result().states
    assert plainly is not None and plainly["displacements"] is plainly["joined_at"] is None
    joined = found.as_result().states
    assert joined is not None and joined["joined_at"] == [False, True]


def test_scores_are_those_of_the_joined(data: eg.Dataset, model: Path, cache: Path) -> None:
    options = {"split": "all", "cache": cache, "n_processes": 1}
    with pytest.warns(eg.AssumptionWarning, match="3 of the 3 configurations are those that the"):
        found = eg.evaluate(model, data, states=SOME, **options)
    assert found.snapshot is not None
    (one, _) = eg.compare([model, "energy"], data, states=SOME, **options)
    assert one.evaluation.scores == found.scores
    plain = eg.evaluate(model, data, states=eg.States(3, time=0.3), **options)
    assert plain.snapshot is not None and plain.snapshot.scores == found.snapshot.scores
    better = [a.pooled > b.pooled for a, b in zip(found.scores, plain.scores, strict=True)]
    assert better == [False, True] * 2  # fitted to these, at the second time


def test_command_line_learns_and_refuses_other_runs(
    network: eg.PropensityModel, model: Path, folder: Path, cache: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    shared = [str(folder), "--states", "3", "--cache", str(cache), "-j", "1"]
    result = run(app, ["evaluate", str(model), *shared, "--state-time", "0.2",
                       "--state-displacements"])  # fmt: skip
    assert result.exit_code == 2
    assert "has learned nothing from displacements in such runs" in result.stderr
    assert "expected 3 states of 2 runs, 0.3 τ_LJ, T = 0.64" in result.stderr
    assert "3 states of 2 runs, 0.3 τ_LJ, T = 0.64" in run(app, ["models", str(model)]).stdout
    assert "found 3 states of 2 runs, 0.2 τ_LJ, T = 0.64" in result.stderr
    network.save(tmp_path / "bare")
    result = run(app, ["predict", str(tmp_path / "bare"), *shared, "--state-displacements",
                       "-o", str(tmp_path / "out.npz")])  # fmt: skip
    assert result.exit_code == 2 and "expected none" in result.stderr
    assert not (tmp_path / "out.npz").exists()
    result = run(app, ["calibrate", str(tmp_path / "bare"), *shared, "--json", "-"])
    assert result.exit_code == 2 and "have nothing to calibrate" in result.stderr


def test_what_cannot_be_learned_from_is_refused(
    data: eg.Dataset, network: eg.PropensityModel, cache: Path
) -> None:
    options = {"split": "all", "states": SOME, "cache": cache, "n_processes": 1}
    with pytest.raises(eg.InputError, match="too few to learn from displacements"):
        eg.calibrate(network, data.take([0]), **options)
    with pytest.raises(eg.InputError, match="displacements belong to the states"):
        eg.States(1, displacements=True)
    inputs = network.config.inputs.model_copy(update={"graph": "thermal", "displacements": ()})
    config = network.config.model_copy(update={"inputs": inputs})
    thermal = eg.PropensityModel(config, 2, TIMES)
    with pytest.raises(eg.InputError, match="reads no inherent positions"):
        eg.calibrate(thermal, data, **options)
    early = [c.at_times([c.times.tolist().index(0.52)]) for c in data]
    with pytest.raises(eg.InputError, match="no label at a time that is averaged"):
        eg.calibrate(network, early, states=SOME, cache=cache, n_processes=1)
    strange = list(eg.read("ka3d@0.64").take([0, 1]))  # of before accuracies were recorded
    with pytest.raises(eg.InputError, match="expected .*, found an unknown one"):
        eg.calibrate(network, strange, states=SOME, cache=cache, n_processes=1)


def test_each_is_predicted_by_members_that_did_not_see_it(
    data: eg.Dataset, cache: Path, tmp_path: Path
) -> None:
    """Labels of other digits in time are those of the model."""
    torch.manual_seed(2)
    both = eg.PropensityModel(untrained().config, 2, TIMES, 2).eval()
    for name, tensor in both.state_dict().items():
        if name.startswith("members.1") and tensor.is_floating_point():
            tensor.add_(0.1 * torch.randn_like(tensor))
    own = [c.replace(source=f"file {k}") for k, c in enumerate(data)][:2]
    own = [c.at_times(range(len(c.times)), (c.times * 1.0005).tolist()) for c in own]
    own = prepared(both, own, preparation(cache=cache, n_processes=1))
    scores = [
        {
            c.source: float(np.corrcoef(member_of(both, k).predict(c)[1][c.types == 0],
                                        _label(c)[c.types == 0])[0, 1])
        }
        for k, c in enumerate(own)
    ]  # fmt: skip
    row = {"type": "A", "time": 16.5, "folds": scores}
    both.card = replace(both.card, metrics={"cross_validation": {"pearson": [row]}})
    found = eg.calibrate(both, own, states=SOME, cache=cache, n_processes=1).learned
    assert found is not None and found.displacements.n_members == 1
    for k, (predicted, c) in enumerate(zip(found.snapshot.predicted, own, strict=True)):
        np.testing.assert_array_equal(predicted[-1], member_of(both, k).predict(c)[1])
        assert np.abs(predicted[-1] - member_of(both, 1 - k).predict(c)[1]).max() > 1e-4
    assert [row["type"] for row in found.rows()] == ["A", "B"]
    assert all(t.rho_joined is not None for t in found.displacements.terms)


def _label(c: eg.Configuration) -> np.ndarray:
    return c.propensity[int(np.abs(c.times - 16.5).argmin())]


def test_other_plans_stay_beside(
    data: eg.Dataset, model: Path, cache: Path, tmp_path: Path
) -> None:
    """And what was learned in the same runs is replaced."""
    other = eg.States(3, time=0.2, displacements=True)
    folder = tmp_path / "two"
    options = {"split": "all", "cache": cache, "n_processes": 1}
    eg.calibrate(model, data, output=folder, states=other, **options)
    kept = eg.load_model(folder).card.displacements
    assert [round(sum(d.runs) * d.spacing, 6) for d in kept] == [0.3, 0.2]
    eg.calibrate(folder, data, output=folder, states=SOME, **options)
    kept = eg.load_model(folder).card.displacements
    assert [round(sum(d.runs) * d.spacing, 6) for d in kept] == [0.2, 0.3]
    assert json.loads((folder / "model.json").read_text())["version"] == 5


def test_the_packaged_model_has_the_documented_plans() -> None:
    """And each of them gained, where it was not fitted."""
    card = eg.load_model("ka3d_t044").card
    assert [d.plan for d in card.displacements] == [
        "9 states of 1 run, 80 τ_LJ, T = 0.44",
        "17 states of 2 runs, 160 τ_LJ, T = 0.44",
        "17 states of 8 runs, 640 τ_LJ, T = 0.44",
        "33 states of 16 runs, 1280 τ_LJ, T = 0.44",
    ]
    root = Path(__file__).parents[1]
    rows = json.loads((root / "docs" / "results" / "states_t044.json").read_text())["rows"]
    known = {
        (r["type"], r["extra_simulation"]["time"], r["displacements"]): r["rho"]
        for r in rows
        if r["model"] == "ka3d_t044" and r["states"] > 1
    }
    for one in card.displacements:
        assert {t.type for t in one.terms} == {"A", "B"} and one.n_members == 1
        for term in one.terms:
            assert term.rho_joined > term.rho_average  # type: ignore[operator]
            time = sum(one.runs) * one.spacing
            assert term.rho_average == pytest.approx(known[term.type, time, "none"], abs=1e-4)
            assert term.rho_joined == pytest.approx(known[term.type, time, "joined"], abs=1e-4)
