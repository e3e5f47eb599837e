"""Predictions averaged over states: what is averaged, what is said of it, and the scores."""

from __future__ import annotations

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import equiglass as eg
from equiglass.cli.main import app
from equiglass.models.over_states import StatesOf, over_states
from equiglass.models.se3 import SE3Config
from equiglass.simulation.states import plan_of
from tests.conftest import make_complete

N, TIME = 3, 0.3  # in all, of which each run is at most 2 % of tau_alpha = 8.1
SOME = eg.States(N, time=TIME)


@pytest.fixture(scope="module")
def data() -> eg.Dataset:
    return eg.read("ka3d@0.64").take([0, 1])


@pytest.fixture(scope="module")
def model() -> eg.PropensityModel:
    """Untrained; at its first time a run is no longer short."""
    torch.manual_seed(1)
    network = SE3Config(layers=1, channels=2, l_max=1)
    return eg.PropensityModel(network, 2, (0.52, 16.5, 52.0)).eval()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States and quenches of all tests here."""
    return tmp_path_factory.mktemp("states")


@pytest.fixture(scope="module")
def averaged(data: eg.Dataset, model: eg.PropensityModel, cache: Path) -> list[eg.Prediction]:
    return eg.predict(model, data, states=SOME, cache=cache, n_processes=1)


def test_average_and_spread_are_those_of_all_states() -> None:
    members = [make_complete(100, seed=k) for k in range(4)]
    values = {c.source: np.random.default_rng(k).random((2, 100)) for k, c in enumerate(members)}
    plan = plan_of(members[0], eg.States(4, time=3.0))
    assert plan.runs == (3,)
    found = over_states(
        (29.0, 31.0), values["liquid 0"], StatesOf(members[0], plan, members[1:], 2.0),
        lambda c: values[c.source],
    )  # fmt: skip
    every = np.stack(list(values.values()))
    assert found.averaged.tolist() == [False, True]
    np.testing.assert_allclose(found.values[1], every[:, 1].mean(axis=0))
    np.testing.assert_allclose(found.spread[1], every[:, 1].std(axis=0, ddof=1))
    np.testing.assert_array_equal(found.values[0], every[0, 0])
    assert np.isnan(found.spread[0]).all()


def test_snapshot_stands_beside(
    data: eg.Dataset, model: eg.PropensityModel, averaged: list[eg.Prediction]
) -> None:
    for c, found in zip(data, averaged, strict=True):
        over = found.over_states
        assert over is not None and over.averaged.tolist() == [False, True, True]
        np.testing.assert_array_equal(over.snapshot, model.predict(c))
        np.testing.assert_array_equal(found.values[0], over.snapshot[0])
        moved = np.abs(found.values[1:] - over.snapshot[1:])
        assert (moved > 0).all() and (over.spread[1:] > 0).all()
        # No more than the states differ.
        assert (moved < 3 * over.spread[1:]).all()


def test_output_declares_the_simulation(
    data: eg.Dataset, model: eg.PropensityModel, averaged: list[eg.Prediction], cache: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    """In every format, frame by frame as at once, and of the command line too."""
    targets = [tmp_path / f"out{ending}" for ending in (".extxyz", ".npz", ".lammpstrj")]
    for target in targets:
        eg.predict(model, data, output=target, frames=":", states=SOME, cache=cache, n_processes=1)
    at_once = tmp_path / "once.extxyz"
    eg.predict(model, data, output=at_once, states=SOME, cache=cache, n_processes=1)
    assert at_once.read_text() == targets[0].read_text()
    (first, _) = ase.io.read(targets[0], index=":")
    np.testing.assert_allclose(first.arrays["mobility_t52"], averaged[0].values[2])
    assert {"mobility_snapshot_t52", "mobility_states_std_t52"} <= set(first.arrays)
    sentence = first.info["extra_simulation"]
    assert "averaged over 3 states: extra simulation at prediction of 0.3 τ_LJ" in sentence
    # Each configuration states its own relaxation time, about 8.
    assert "(3.7 to 4.4 % of τ_α), 2 runs from the snapshot at T = 0.64" in sentence
    with np.load(targets[1]) as stored:
        about = json.loads(str(stored["about"]))["extra_simulation"]
        assert str(stored["extra_simulation"]) == sentence
        np.testing.assert_allclose(stored["predicted_propensity"][:, :1000], averaged[0].values)
    assert about["sentence"] == sentence and about["time"] == TIME and about["configurations"] == 2
    assert about["averaged_at"] == [False, True, True] and about["processor_seconds"] > 0
    beside = json.loads((tmp_path / "out.lammpstrj.json").read_text())
    assert beside["extra_simulation"] == about


def test_evaluate_has_both_scores(
    data: eg.Dataset, model: eg.PropensityModel, averaged: list[eg.Prediction], cache: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    found = eg.evaluate(model, data, states=SOME, cache=cache, n_processes=1)
    alone = eg.evaluate(model, data, cache=cache, n_processes=1)
    assert found.snapshot is not None and alone.snapshot is None and alone.gain() == []
    for a, b in zip(found.snapshot.scores, alone.scores, strict=True):
        assert a.per_configuration == b.per_configuration
    np.testing.assert_array_equal(found.predicted[1], averaged[1].values)
    content = found.as_dict()
    assert content["extra_simulation"]["number"] == N
    assert "extra_simulation" not in alone.as_dict()
    gains = content["averaged_minus_alone"]
    assert [g["rho"] == 0 for g in gains] == [True, False, False] * 2
    assert gains[1]["rho_interval"] is not None
    (one, _) = eg.compare([model, "energy"], data, states=SOME, cache=cache, n_processes=1)
    assert one.evaluation.scores == found.scores

    model.save(tmp_path / "model")
    command = ["evaluate", str(tmp_path / "model"), "ka3d@0.64", "--states", "3", "--state-time",
               "0.3", "--temperature", "0.5"]  # fmt: skip
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2 and "expected 0.64, found 0.5" in result.stderr


def test_refusals(data: eg.Dataset, model: eg.PropensityModel) -> None:
    short = eg.PropensityModel(model.config, 2, (0.1, 0.2))
    with pytest.raises(eg.InputError, match="predicts no time that is 10 times longer"):
        eg.predict(short, data, states=3)
    inputs = model.config.inputs.model_copy(update={"graph": "cage"})
    cage = eg.PropensityModel(model.config.model_copy(update={"inputs": inputs}), 2, model.times)
    with pytest.raises(eg.InputError, match="reads what is not made for further states"):
        eg.predict(cage, data, states=3)
