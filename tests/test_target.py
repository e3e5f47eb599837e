"""Bonds as what is learned: labels, a training, names in every output, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations
from equiglass.data.examples import examples_of
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.trajectory import Trajectory
from equiglass.errors import InputError
from equiglass.evaluation.prediction import about_predictions
from equiglass.evaluation.scored import NOISE_UNKNOWN
from equiglass.interfaces.predictions_npz import read_predictions
from equiglass.models.averaging import average
from equiglass.models.propensity import PropensityModel
from equiglass.models.storage import load_model
from equiglass.reporting.figures import mobility_map, scatter
from equiglass.reporting.predictions import write_predictions
from equiglass.reporting.view.made import made_in, read_output
from equiglass.simulation.config import Observables
from equiglass.simulation.observables import BondCounter
from equiglass.simulation.target import BONDS, DISPLACEMENT
from equiglass.studies.run import study
from equiglass.training.config import TrainConfig
from tests.conftest import make_complete, make_liquid
from tests.test_view import Page

DATA = "ka3d@0.56"


def settings(data: str = DATA, **changes: Any) -> TrainConfig:
    """A small training on bonds."""
    content: dict[str, Any] = {
        "data": {"path": data, "target": "bonds"},
        "model": {"l_max": 1, "channels": 4, "layers": 2},
        "optimizer": {"epochs": 12},
    }
    return TrainConfig.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network trained on bonds of the packaged data."""
    folder = tmp_path_factory.mktemp("bonds") / "run"
    eg.train(settings(), folder, progress=False)
    return folder


@pytest.fixture
def displacement(run: Path) -> PropensityModel:
    """A model of the same settings that says displacements."""
    model = load_model(run)
    model.card = replace(model.card, target="displacement", name="displacement")
    return model


def with_ends(c: Configuration, runs: int = 6, seed: int = 3) -> Configuration:
    """With runs at two times, the second farther."""
    shift = np.random.default_rng(seed).normal(0, 1, (2, runs, len(c), 3))
    ends = c.positions + shift * np.array([0.1, 0.4])[:, None, None, None]
    return c.replace(
        end_positions=ends, times=np.array([1.0, 2.0]), n_trajectories=runs,
        propensity=np.linalg.norm(ends - c.positions, axis=3).mean(axis=1),
    )  # fmt: skip


def test_a_network_learns_bonds(run: Path) -> None:
    model = load_model(run)
    assert model.card.target == "bonds" and "target bonds" in repr(model)
    assert json.loads((run / "data.json").read_text())["target"] == "bonds"
    found = eg.evaluate(model, DATA)
    assert found.target == found.as_dict()["target"] == "bonds"
    test = eg.read(DATA).split("test")
    for c, predicted, measured in zip(test, found.predicted, found.measured, strict=True):
        np.testing.assert_array_equal(measured, c.bond_breaking)
        # A share, and not how far particles go, which grows with time.
        assert np.abs(predicted.mean(axis=1) - measured.mean(axis=1)).max() < 0.05
        assert predicted.mean(axis=1)[-1] < predicted.mean(axis=1)[0]
    # Its labels' noise is not in the packaged data, so there is no ceiling, and why is said.
    for one in found.scores:
        assert one.ceiling is None and one.ceiling_pooled is None
        assert one.estimate.why is not None and NOISE_UNKNOWN in one.estimate.why
    late = [s for s in found.scores if s.time > 10]
    assert min(np.mean(s.per_configuration) for s in late) > 0.25
    assert (run / "model" / "model.json").read_text().count('"target": "bonds"') == 2
    assert BONDS.plural in CliRunner().invoke(app, ["evaluate", str(run), DATA]).output
    assert "target bonds" in CliRunner().invoke(app, ["models", str(run)]).output


def test_rivals_learn_the_same_labels(tmp_path: Path) -> None:
    config = settings(model={"kind": "coarse_energy"})
    model = eg.train(config, tmp_path / "energy", progress=False)
    assert model.card.target == "bonds"
    # More bonds are kept where the energy is low, farther goes what has much of it.
    late = [s for s in eg.evaluate(model, DATA).scores if s.time > 10]
    assert min(np.mean(s.per_configuration) for s in late) > 0.1
    result = eg.cross_validate(config, tmp_path / "folds", n_folds=2)
    merged = load_model(tmp_path / "folds")
    assert merged.card.target == "bonds" and len(merged.members) == 2
    assert {row["ceiling"] for row in result["pearson"]} == {None}


def test_bonds_are_counted_in_end_positions() -> None:
    c = with_ends(make_complete(300))
    assert c.end_positions is not None
    counter = BondCounter(c, KOB_ANDERSEN, Observables())
    kept = np.stack([[counter.kept(r) for r in rows] for rows in c.end_positions])
    shown = BONDS.of(c)
    np.testing.assert_allclose(shown.propensity, kept.mean(axis=1))
    np.testing.assert_allclose(shown.propensity_error, kept.std(axis=1, ddof=1) / 6**0.5)
    np.testing.assert_allclose(shown.propensity_halves[:, 0], kept[:, ::2].mean(axis=1))  # type: ignore[index]
    assert shown.end_positions is None and BONDS.of(shown) is shown
    # The ends of some of the runs alone tell of as many.
    some = BONDS.of(c.replace(n_trajectories=32))
    assert (shown.n_trajectories, some.n_trajectories) == (6, 6)
    assert (
        BONDS.of(c.replace(n_trajectories=32, bond_breaking=kept.mean(axis=1))).n_trajectories == 32
    )
    # Labels that the data have are taken as they are; with these runs their noise is known.
    given = BONDS.of(c.replace(bond_breaking=kept.mean(axis=1)))
    assert given.propensity_error is not None
    other = BONDS.of(c.replace(bond_breaking=0.5 * kept.mean(axis=1)))
    np.testing.assert_array_equal(other.propensity, 0.5 * kept.mean(axis=1))
    assert other.propensity_error is None and other.propensity_halves is None
    # A run whose end is not known is left out.
    ends = c.end_positions.copy()
    ends[1, 2] = np.nan
    part = BONDS.of(c.replace(end_positions=ends))
    np.testing.assert_allclose(part.propensity[1], np.delete(kept[1], 2, axis=0).mean(axis=0))  # type: ignore[index]
    with pytest.raises(InputError, match="potential: bonds are counted in units of the potential"):
        BONDS.of(c.replace(potential=None))
    np.testing.assert_array_equal(
        BONDS.of(c.replace(potential=None), potential=KOB_ANDERSEN).propensity, shown.propensity
    )


def test_their_ceiling_comes_from_the_runs(run: Path) -> None:
    model = load_model(run)
    model.times = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    found = eg.evaluate(model, [with_ends(make_complete(300, seed=k), seed=k) for k in range(3)])
    assert all(one.ceiling is not None for one in found.of_type("A"))
    expected = BONDS.of(with_ends(make_complete(300, seed=0), seed=0))
    label, error = expected.propensity, expected.propensity_error
    assert label is not None and error is not None
    mine = expected.types == 0
    # What is common to all particles of a configuration limits nothing within it.
    assert expected.propensity_halves is not None
    half = expected.propensity_halves[1][:, mine]
    common = (0.5 * (half[0] - half[1]).mean()) ** 2
    reliability = 1 - ((error[1][mine] ** 2).mean() - common) / label[1][mine].var()
    assert found.of_type("A")[1].reliabilities[0] == pytest.approx(reliability)


def test_bonds_of_single_runs_forward_and_back() -> None:
    c = make_liquid(300)
    moved = c.positions + 0.3 * np.sin(np.arange(900.0)).reshape(300, 3)
    later = c.replace(positions=moved % c.box)
    trajectory = Trajectory.from_configurations([c, later], [0.0, 5.0])
    for entry, start, end in zip(
        examples_of(trajectory, [5.0]).entries, (c, later), (later, c), strict=True
    ):
        shown = BONDS.of(entry.load(), example=entry.example)
        expected = BondCounter(start, KOB_ANDERSEN, Observables()).kept(end.positions)
        assert shown.n_trajectories == 1 and 0.5 < np.nanmean(expected) < 1
        np.testing.assert_allclose(shown.propensity, expected[None])
    ensemble = with_ends(make_complete(300), runs=2)
    turned = BONDS.reversed(ensemble)
    assert len(turned) == 4 and ensemble.end_positions is not None
    for k, r in enumerate(turned):
        row = k // 2
        expected = BondCounter(r, KOB_ANDERSEN, Observables()).kept(ensemble.positions)
        np.testing.assert_allclose(r.propensity[row], expected)  # type: ignore[index]
        assert np.isnan(r.propensity[1 - row]).all()  # type: ignore[index]


def test_names_and_units_are_those_of_bonds(run: Path, tmp_path: Path) -> None:
    predictions = eg.predict(run, eg.read(DATA).split("test"))
    first = predictions[0]
    assert first.target == "bonds"
    columns = about_predictions(predictions).as_dict()["columns"]
    assert columns["bonds_kept_t52"] == "predicted share of bonds kept"
    for text in json.dumps(columns).lower(), repr(first.to_ase().arrays.keys()).lower():
        assert "mobility" not in text and "sigma" not in text
    for ending in ("npz", "extxyz", "gsd", "lammpstrj"):
        file = tmp_path / f"out.{ending}"
        write_predictions(file, predictions)
        read = None if ending == "npz" else made_in(file)
        made = read_output(file)[0][1] if read is None else read(0)
        assert set(made.values) == {"predicted_bonds_kept"}
        np.testing.assert_allclose(
            made.values["predicted_bonds_kept"][52.0], first.values[-1], rtol=1e-5
        )
    (atoms, *_) = read_predictions(tmp_path / "out.npz", slice(None))
    np.testing.assert_array_equal(atoms.arrays["bonds_kept_t52"], first.values[-1])
    with np.load(tmp_path / "out.npz") as arrays:
        assert "predicted_bonds_kept" in arrays and "predicted_propensity" not in arrays
        assert json.loads(str(arrays["about"]))["target"] == "bonds"
    assert "bonds_kept_t52" in ase.io.read(tmp_path / "out.extxyz").arrays
    page = Page(eg.view(DATA, tmp_path / "page.html", model=run, frames=":1", times=[52.0]))
    shown = {q["key"]: (q["label"], q["unit"]) for q in page.about["quantities"]}
    assert shown["predicted_bonds_kept"] == ("predicted share of bonds kept", "")
    assert shown["bond_breaking"] == ("measured share of bonds kept", "")
    assert "difference_bonds_kept" in shown and "predicted_propensity" not in shown
    along = eg.represent(run, DATA, output=tmp_path / "along.npz", frames=":2")
    assert "bonds_kept_t52" in along.rows()[0]
    found = eg.evaluate(run, DATA)
    c = found.configurations[0]
    drawn = mobility_map(c, found.predicted[0][-1], found.measured[0][-1], target=BONDS)
    assert {a.get_ylabel() for a in drawn.axes} >= {"share of bonds kept"}
    assert "measured share of bonds kept" in {a.get_xlabel() for a in scatter(found).axes}
    rows = eg.represent(run, DATA).as_dict()["correlations"]
    assert {"propensity t=52", "share of bonds kept t=52"} <= {row["with"] for row in rows}


def test_other_targets_are_refused(
    run: Path, displacement: PropensityModel, tmp_path: Path
) -> None:
    other = settings().model_copy(update={"data": settings().data.model_copy(
        update={"target": "displacement"})})  # fmt: skip
    with pytest.raises(InputError, match="data.target bonds → displacement"):
        eg.train(other, run, resume=True)
    with pytest.raises(InputError, match="target: cannot go on from a model of another target"):
        eg.train(other, tmp_path / "on", start=load_model(run), progress=False)
    sides = "models of different targets cannot stand side by side .expected bonds, found disp"
    with pytest.raises(InputError, match=sides):
        eg.compare([run, displacement], DATA)
    with pytest.raises(InputError, match=sides):
        average([load_model(run), displacement])
    with pytest.raises(InputError, match="stored are of displacements"):
        eg.compare([run, "stored:BOTAN"], DATA)
    # The packaged quickstart has displacements alone.
    none = "bond_breaking: has no bonds to learn or to compare with"
    with pytest.raises(InputError, match=none):
        eg.evaluate(run, "ka3d_quickstart")
    with pytest.raises(InputError, match=none):
        eg.train(settings("ka3d_quickstart"), tmp_path / "none", progress=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(InputError, match="labels without their errors"):
        eg.calibrate(run, DATA)
    with pytest.raises(InputError, match="target: four-point functions are of displacements"):
        eg.four_point(run, DATA)
    shown = eg.evaluate(run, DATA).configurations
    with pytest.raises(InputError, match="target: shows labels of another target"):
        eg.evaluate(displacement, list(shown))
    with pytest.raises(InputError, match="target: shows labels of another target"):
        DISPLACEMENT.of(shown[0])
    with pytest.raises(InputError, match="the study transfer chooses what is learned"):
        study("transfer", settings(), tmp_path / "study", progress=False)
    # Energies alone are compared with what the model is compared with.
    options = ["evaluate", str(run), DATA, "--energy", "--json", str(tmp_path / "e.json")]
    assert CliRunner().invoke(app, options).exit_code == 0


def test_a_calibration_of_bonds(run: Path, tmp_path: Path) -> None:
    model = load_model(run)
    model.times = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    data = from_configurations([with_ends(make_complete(300, seed=k), seed=k) for k in range(3)])
    found = eg.calibrate(model, data, output=tmp_path / "calibrated")
    assert found.evaluation.target == "bonds"
    kept = load_model(tmp_path / "calibrated")
    assert kept.card.target == "bonds" and kept.card.calibration is not None
    (one,) = eg.predict(kept, data[0])
    meaning = about_predictions([one]).as_dict()["columns"]["bonds_kept_error_t2"]
    assert meaning == "half width of the interval that holds 68 % of shares of bonds kept"
