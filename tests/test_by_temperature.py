"""Models whose times are others at each temperature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import equiglass as eg
from equiglass.commands.models import check_memory
from equiglass.data.atoms import to_ase
from equiglass.data.configuration import Configuration
from equiglass.data.examples import examples_of
from equiglass.data.splits import random_split
from equiglass.data.trajectory import Trajectory
from equiglass.errors import AssumptionWarning, InputError
from equiglass.models.averaging import average
from equiglass.models.by_temperature import TimeGrid, at_temperature
from equiglass.models.held_out import recorded_rho, unseen_by
from equiglass.models.inputs import InputSpec
from equiglass.models.propensity import SLAB_SIZE, PropensityModel
from equiglass.models.se3 import SE3Config
from equiglass.models.storage import load_model, restore
from equiglass.models.summary import rho_of
from equiglass.simulation.target import BONDS
from equiglass.streaming.jobs import model_fingerprint
from equiglass.training.config import TrainConfig
from equiglass.training.corresponding import corresponding, on_names
from tests.conftest import make_complete, make_liquid
from tests.test_docs import tool

TIMES = {0.5: (0.1, 20.0, 200.0), 0.6: (0.1, 4.0, 30.0)}
TWO = {0.5: (0.1, 200.0), 0.6: (0.1, 30.0)}


def labelled(temperature: float, seed: int, times: tuple[float, ...]) -> Configuration:
    made = make_complete(100, seed=seed, n_times=len(times), potential=None)
    return made.replace(temperature=temperature, times=np.array(times))


def data() -> list[Configuration]:
    # The second of the times at T = 0.6 has labels at T = 0.5 alone.
    return [
        *(labelled(0.5, seed, TIMES[0.5]) for seed in range(3)),
        *(labelled(0.6, seed, (0.1, 30.0, 99.0)) for seed in range(3, 6)),
    ]


SETTINGS = {
    "data": {"path": "made up", "validation_fraction": 0, "times_at": TIMES},
    "model": {"layers": 1, "channels": 2, "l_max": 1, "cutoff": 1.5,
              "inputs": {"graph": "inherent"}},
    "optimizer": {"epochs": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid") / "run"
    eg.train(TrainConfig.model_validate(SETTINGS), folder, data=data(), progress=False)
    return folder


def test_between_two_temperatures_log_t_is_linear_in_the_inverse() -> None:
    grid = TimeGrid.of(TIMES)
    middle = 2 / (1 / 0.5 + 1 / 0.6)
    assert grid.at(middle).times == pytest.approx(
        [0.1, np.sqrt(20 * 4), np.sqrt(200 * 30)], rel=5e-3
    )
    assert grid.at(0.5001).times == TIMES[0.5]
    for beyond in (0.45, 0.7):
        with pytest.raises(ValueError, match=r"0\.5 to 0\.6"):
            grid.at(beyond)


@pytest.mark.parametrize(
    "wrong",
    [
        {0.5: [1, 2], 0.6: [1]},
        {0.5: [2, 1]},
        {0.5: [0.0, 1]},
        {-1: [1]},
        {},
        {0.5: [1], 0.502: [2]},
    ],
)
def test_settings_refuse_what_is_no_grid(wrong: dict[float, list[float]]) -> None:
    content = {**SETTINGS, "data": {"path": "made up", "times_at": wrong}}
    with pytest.raises(ValueError, match="times_at"):
        TrainConfig.model_validate(content)


def test_labels_go_to_the_times_that_correspond() -> None:
    grid, c = TimeGrid.of(TIMES), data()[3]
    found = on_names(c, grid)
    assert found.times is not None and found.propensity is not None and c.propensity is not None
    assert found.times.tolist() == [0.1, 200.0]  # called as at the coldest; 99 is not learned
    assert np.array_equal(found.propensity, c.propensity[:2])
    with pytest.raises(InputError, match="its temperature has no times"):
        on_names(c.replace(temperature=0.55), grid)
    with pytest.raises(InputError, match="at none of the times"):
        on_names(c.replace(times=np.array([7.0, 8.0, 9.0])), grid)


def test_frames_of_a_trajectory_keep_what_their_times_are_called() -> None:
    """Cut into stretches, too, and for bonds, which are counted in the frames."""
    c = make_complete(100).replace(temperature=0.6)
    frames = [c.replace(positions=c.shifted(0.02 * k * np.ones(3)).positions) for k in range(40)]
    trajectory = Trajectory.from_configurations(frames, [float(k) for k in range(40)])
    given = examples_of(trajectory, [2.0, 4.0, 30.0])
    grid = TimeGrid.of({0.5: (0.1, 20.0, 200.0), 0.6: (0.1, 4.0, 30.0)})
    named = corresponding(given, grid)
    kept, held = random_split(named, 0.2, 0, lambda example: 0.0)
    assert {tuple(c.times.tolist()) for part in (named, kept, held) for c in part} == {  # type: ignore[union-attr]
        (20.0, 200.0)
    }
    first = named.entries[0]
    assert first.example is not None and first.example.times == (4.0, 30.0)
    assert first.load().propensity[0] == pytest.approx(4 * 0.02 * 3**0.5)  # type: ignore[index]
    shown = BONDS.of(first.load(), example=first.example)
    assert shown.propensity is not None and shown.propensity.shape == (2, 100)
    # At the ends of the run some have labels at 2 alone, at which nothing is learned.
    assert len(given) - len(named) == 4


def test_a_time_without_labels_anywhere_is_refused(tmp_path: Path) -> None:
    config = TrainConfig.model_validate(SETTINGS)
    with pytest.raises(InputError, match=r"no configuration has labels.*20 at T = 0\.5"):
        eg.train(config, tmp_path / "run", data=data()[3:], progress=False)


def test_a_temperature_at_which_nothing_is_learned_is_said(tmp_path: Path) -> None:
    more = {**SETTINGS["data"], "times_at": {**TIMES, 0.55: (0.1, 9.0, 80.0)}}
    config = TrainConfig.model_validate({**SETTINGS, "data": more, "optimizer": {"epochs": 1}})
    with pytest.warns(AssumptionWarning, match=r"has T = 0\.55, and nothing is learned") as said:
        eg.train(config, tmp_path / "run", data=data(), progress=False)
    assert sum("nothing is learned" in str(one.message) for one in said) == 1


def test_a_temperature_is_asked_for(run: Path) -> None:
    with pytest.raises(InputError, match=r"name it as run@T.*expected 0\.5 to 0\.6"):
        load_model(run)
    with pytest.raises(InputError, match="not a temperature"):
        load_model(f"{run}@warm")
    with pytest.raises(InputError, match=r"so cold or warm.*found 0\.3"):
        load_model(f"{run}@0.3")
    with pytest.raises(InputError, match="name it without one"):
        load_model("ka3d_t044@0.44")
    with pytest.raises(InputError, match="name it without one"):
        load_model("ka3d_t044", 0.44)
    with pytest.raises(InputError, match=r"two temperatures .expected 0\.5, found 0\.6"):
        load_model(f"{run}@0.5", 0.6)
    with pytest.raises(InputError, match="no such model"):
        load_model("runs@home/ka3d")
    cold, warm = load_model(f"{run}@0.5"), load_model(run, 0.6)
    assert (cold.times, warm.times) == (TIMES[0.5], TIMES[0.6])
    assert sum(p.numel() for p in cold.parameters()) == restore(run).n_parameters
    c = data()[0].replace(temperature=None)
    assert np.array_equal(cold.predict(c), warm.predict(c))  # the weights are shared


def test_predictions_are_at_the_temperature_of_the_data(run: Path) -> None:
    cold, warm = data()[0], data()[3]
    (found,) = eg.predict(run, warm)
    assert found.times == TIMES[0.6]
    assert not [d for d in found.departures if d.quantity == "temperature"]
    with pytest.warns(AssumptionWarning, match="temperature"):
        (found,) = eg.predict(f"{run}@0.5", warm)
    assert found.times == TIMES[0.5]
    with pytest.raises(InputError, match="do not state one"):
        eg.predict(run, warm.replace(temperature=None))
    with pytest.raises(InputError, match="at one of them"):
        eg.evaluate(run, [cold, warm])


def test_the_temperature_of_other_formats_is_read_with_their_species(
    run: Path, tmp_path: Path
) -> None:
    atoms = to_ase(data()[3].without_targets())
    del atoms.arrays["equiglass_type"]
    atoms.write(tmp_path / "one.extxyz")
    with pytest.raises(InputError, match="species"):
        eg.predict(run, tmp_path / "one.extxyz")
    (found,) = eg.predict(run, tmp_path / "one.extxyz", species=["Ni", "P"])
    assert found.times == TIMES[0.6]


def test_a_limit_of_memory_that_cannot_be_kept_is_said() -> None:
    model = PropensityModel(SE3Config(inputs=InputSpec(graph="both")), 2, (1.0,))
    c = make_liquid(SLAB_SIZE + 1)
    with pytest.warns(AssumptionWarning, match="keeps no limit of memory"):
        check_memory(model, [c], 10**9, progress=False)


def test_what_a_stopped_command_kept_is_of_one_temperature() -> None:
    """Also where the times are the same: what is said of the domain is not."""
    model = PropensityModel(SE3Config(layers=1, channels=2), 2, (1.0,))
    model.grid = TimeGrid.of({0.5: (1.0,), 0.6: (1.0,)})
    found = {model_fingerprint(at_temperature(model, t)) for t in (0.5, 0.6)}
    assert len(found) == 2


def test_scores_are_at_the_times_of_the_temperature(run: Path) -> None:
    warm = [c.replace(times=c.times) for c in data()[3:]]
    found = eg.evaluate(run, warm)
    assert {s.time for s in found.scores} == {0.1, 30.0}
    again = eg.compare([f"{run}@0.6"], warm)
    assert [s.per_configuration for s in again[0].evaluation.scores] == [
        s.per_configuration for s in found.scores
    ]


def test_a_calibration_belongs_to_a_temperature(run: Path, tmp_path: Path) -> None:
    unseen = [labelled(0.6, seed, (0.1, 4.0, 30.0)) for seed in range(10, 14)]
    eg.calibrate(f"{run}@0.6", unseen, output=tmp_path / "calibrated")
    assert load_model(tmp_path / "calibrated", 0.6).card.calibration is not None
    assert load_model(tmp_path / "calibrated", 0.5).card.calibration is None
    (said,) = eg.list_models([str(tmp_path / "calibrated")])
    assert list(said.as_dict()["calibration_at"]) == ["0.6"]
    assert {one.partition(" ")[0] for one in said.calibrated} == {"uncalibrated", "intervals"}
    assert restore(tmp_path / "calibrated").grid is not None
    # Error bars of one temperature are not those of another; what is kept has its own times.
    with pytest.raises(InputError, match=r"run@0\.6 follow from data.*expected 0\.6, found 0\.5"):
        eg.calibrate(f"{run}@0.6", [*unseen, labelled(0.5, 20, TIMES[0.6])])
    between = load_model(run, 0.55)
    inside = [labelled(0.55, seed, between.times) for seed in range(10, 14)]
    assert eg.calibrate(between, inside).calibration.n_configurations == 4
    with pytest.raises(InputError, match="belongs to one of the model's temperatures"):
        eg.calibrate(between, [c.replace(propensity=None) for c in inside], output=tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_a_structure_that_was_learned_from_is_no_test(run: Path) -> None:
    module, new = tool("all_temperatures"), labelled(0.6, 20, TIMES[0.6])
    # The same structures from elsewhere, with other labels.
    again = [replace(c.without_targets()) for c in (data()[3], new)]
    kept = module.unseen_structures(restore(run), [new, *again])
    assert [id(c) for c in kept] == [id(new)]


def test_what_is_listed_has_every_temperature(run: Path) -> None:
    (found,) = eg.list_models([run])
    assert found.times_at == TIMES


def test_folds_hold_out_configurations_of_every_temperature(tmp_path: Path) -> None:
    given = data()
    config = TrainConfig.model_validate({**SETTINGS, "optimizer": {"epochs": 1}})
    members = [
        eg.train(config, tmp_path / f"{k}", data=given[k::2], progress=False) for k in range(2)
    ]
    whole = average(members)
    rows = [{"type": "A", "time": 200.0, "mean": 0.5, "folds": [{"a": 0.1}, {"b": None}]}]
    metrics = {"cross_validation": {"pearson": rows}, "validation_rho": 0.4}
    whole.card = replace(whole.card, metrics=metrics)
    warm = at_temperature(whole, 0.6)
    assert recorded_rho(warm, "a") == {("A", 30.0): 0.1}
    assert unseen_by(warm) == {"a": (0,), "b": (1,)}
    assert rho_of(whole) == 0.4 and rho_of(warm) is None  # these are of both temperatures
