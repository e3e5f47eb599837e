"""States near a snapshot: how they are planned, made, kept and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass import read
from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.relaxation import RelaxationTime
from equiglass.errors import InputError
from equiglass.simulation import state_runs as module
from equiglass.simulation.state_runs import run_key, state_run, state_runs, states_after
from equiglass.simulation.states import States, as_states, plan_of
from tests.conftest import make_liquid


@pytest.fixture(scope="module")
def snapshot() -> Configuration:
    """An equilibrated configuration of 1000 particles at T = 0.64."""
    return read("ka3d@0.64")[0].without_targets()


def slow(tau: float | None = 4120.0, **fields: object) -> Configuration:
    known = None if tau is None else RelaxationTime(tau, "published grid")
    return make_liquid(temperature=0.44, relaxation_time=known, **fields)


@pytest.mark.parametrize(
    ("number", "tau", "runs", "spacing"),
    [
        (2, 4120.0, (1,), 10.0),
        (9, 4120.0, (8,), 10.0),
        (17, 4120.0, (8, 8), 10.0),
        (12, None, (6, 5), 10.0),  # 110 in runs of at most 80
        (9, 100.0, (8,), 0.25),  # 2 % of the relaxation time
    ],
)
def test_default_lengths(
    number: int, tau: float | None, runs: tuple[int, ...], spacing: float
) -> None:
    plan = plan_of(slow(tau), States(number))
    assert plan.runs == runs and plan.number == number
    assert plan.spacing == pytest.approx(spacing)
    record = plan.record()
    assert record["time"] == pytest.approx((number - 1) * spacing)
    share = None if tau is None else pytest.approx(record["time"] / tau)
    assert record["share_of_relaxation_time"] == share


def test_one_state_is_the_snapshot() -> None:
    assert as_states(1) is None and as_states(None) is None and as_states(States(1)) is None
    assert as_states(3) == States(3)


def test_averaged_where_times_are_long() -> None:
    plan = plan_of(slow(), States(9))
    assert plan.averaged([0.13, 130, 799, 800, 4120]).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("fields", "states", "message"),
    [
        ({"temperature": None}, States(3), "--temperature T"),
        ({}, States(3, temperature=0.5), "expected 0.44, found 0.5"),
        ({}, States(3, time=1000.0), "must be shorter than a tenth of the relaxation time"),
        ({}, States(3, time=0.001), "closer than a step"),
    ],
)
def test_refused_plans(fields: dict[str, object], states: States, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_of(slow().replace(**fields), states)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 0},
        {"number": 3, "time": -1.0},
        {"number": 3, "temperature": float("nan")},
        {"number": 3, "seed": -1},
        {"number": 1, "time": 5.0},
    ],
)
def test_refused_states(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        States(**wrong)  # type: ignore[arg-type]


def test_made_once_and_kept(
    snapshot: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(snapshot, States(4, time=0.6))
    (runs,) = state_runs([snapshot], [plan], KOB_ANDERSEN, cache=tmp_path)
    states = states_after(snapshot, runs)
    assert len(states) == 3 and all(run.seconds > 0 for run in runs)
    moved = [np.linalg.norm(s.replace(inherent_positions=snapshot.positions).displacement(), axis=1)
             for s in states]  # fmt: skip
    # Particles vibrate and few have moved far.
    assert all(0.05 < np.median(m) < 0.4 for m in moved)
    assert states[0].temperature == snapshot.temperature and states[0].propensity is None

    again = state_run(snapshot, KOB_ANDERSEN, plan, 0)
    np.testing.assert_array_equal(again.positions, runs[0].positions)
    file = next((tmp_path / "states").glob("*.npz"))
    file.write_bytes(file.read_bytes()[:-100])  # damaged: made again
    (repaired,) = state_runs([snapshot], [plan], KOB_ANDERSEN, cache=tmp_path)
    np.testing.assert_array_equal(repaired[0].positions, runs[0].positions)

    def fail(*_: object) -> None:
        raise AssertionError("was in the cache")

    monkeypatch.setattr(module, "state_run", fail)
    state_runs([snapshot], [plan], KOB_ANDERSEN, cache=tmp_path)


def test_key_has_everything(snapshot: Configuration) -> None:
    def key(c: Configuration = snapshot, number: int = 0, **changes: object) -> str:
        states = States(**{"number": 4, "time": 0.6, **changes})  # type: ignore[arg-type]
        return run_key(c, KOB_ANDERSEN, plan_of(c, states), number)

    bare = snapshot.replace(temperature=None)
    swapped = snapshot.replace(types=np.roll(snapshot.types, 1))
    stiffer = KOB_ANDERSEN.model_copy(update={"shifted": False})
    keys = [
        key(),
        key(number=0, seed=1),
        key(time=0.3),
        key(timestep=0.004),
        key(number=1, time=1.2),
        key(bare, temperature=0.65),
        key(swapped),
        key(snapshot.shifted((0.1, 0, 0))),
        run_key(snapshot, stiffer, plan_of(snapshot, States(4, time=0.6)), 0),
    ]
    assert len(set(keys)) == len(keys)
    renamed = snapshot.replace(source="elsewhere", index=7)
    same = KOB_ANDERSEN.model_copy(update={"name": "another name"})
    assert key(renamed) == key()
    assert run_key(snapshot, same, plan_of(snapshot, States(4, time=0.6)), 0) == key()


def test_another_temperature_is_noticed(snapshot: Configuration, tmp_path: Path) -> None:
    """A snapshot that is not at the temperature of the runs is no state of theirs."""
    bare = snapshot.replace(temperature=None, relaxation_time=None)
    plan = plan_of(bare, States(3, time=4.0, temperature=0.44))
    with pytest.raises(InputError, match=r"not at T = 0\.44 under this potential"):
        state_runs([bare], [plan], KOB_ANDERSEN, cache=tmp_path)
