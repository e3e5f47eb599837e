"""Chains of ``equiglass simulate``: labels, statistics, kill -9, growth, refusals, training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import store_attributes
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from equiglass.simulation.chain_tasks import prepare_chain
from equiglass.simulation.chains import (
    Schedule,
    begin_chain,
    chain_start,
    labels_file,
    run_chain_segment,
    state_file,
)
from equiglass.simulation.config import SimulationConfig
from equiglass.simulation.run import simulate
from equiglass.simulation.seeds import Identity
from equiglass.simulation.work import load_arrays
from tests.simulation.test_run import SMALL, same_arrays

CHAINS = {
    **SMALL,
    "times": [0.05, 0.8, 1.6],
    "n_configurations": {"validation": 1, "test": 1},
    "n_trajectories": 8,
    "chains": {"n_chains": 2, "starts": 5, "spacing_time": 0.8, "segment": 0.5},
    "equilibration": {
        "melt_time": 0.5,
        "cool_time": 0.5,
        "first_block": 4.0,
        "n_tau_alpha": 2.0,
        "tau_tolerance": 5.0,
        "energy_tolerance": 1.0,
    },
}
# A cluster in its own process: a kill -9 is that of everything, and few imports are repeated.
DRIVER = """
import sys
from pathlib import Path
from distributed import LocalCluster
from equiglass.simulation.config import SimulationConfig, load_simulation_config
from equiglass.simulation.run import simulate
options = dict(threads_per_worker=1, processes=False, dashboard_address=":0")
with LocalCluster(n_workers=1, **options) as cluster:
    config = load_simulation_config(sys.argv[1])
    here = {**config.model_dump(), "cluster": {"address": cluster.scheduler_address}}
    simulate(SimulationConfig.model_validate(here), Path(sys.argv[2]), progress=False)
"""


def settings(**changes: object) -> SimulationConfig:
    return SimulationConfig.model_validate({**CHAINS, **changes})


def chains(**changes: object) -> dict[str, object]:
    return {**CHAINS["chains"], **changes}  # type: ignore[dict-item]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("chains") / "a.zarr"
    return simulate(settings(), store, n_processes=2, progress=False)


def test_labels_are_what_the_chain_did(finished: Path) -> None:
    """At lags of one and two spacings the end of a start is another start of the same chain."""
    data = read(finished)
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 10, "validation": 1, "test": 1}
    assert not finished.with_name("a.zarr.partial").exists()
    train = {Path(e.name).name: c for e, c in zip(data.entries, data, strict=True)}
    compared = 0
    for chain in range(2):
        starts = [train[f"T1-train-C{chain:02d}-S{k:03d}"] for k in range(5)]
        for first, c in enumerate(starts):
            assert c.propensity is not None and np.isfinite(c.propensity).all()
            assert c.propensity.shape == (3, 200) and c.propensity.dtype == np.float32
            assert c.n_trajectories == 1 and c.index == first
            assert c.propensity_error is None and c.propensity_halves is None
            assert c.relaxation_time is not None and c.potential == KOB_ANDERSEN
            assert c.inherent_positions is not None and c.inherent_energy is not None
            assert c.self_scattering is not None and c.self_scattering.shape == (3, 1, 2)
            assert f"{0.8 * first:g} tau_LJ" in c.source
            for row, later in ((1, 1), (2, 2)):
                if first + later < 5:
                    moved = minimum_image(starts[first + later].positions - c.positions, c.box)
                    lengths = np.linalg.norm(moved, axis=1)
                    assert np.allclose(c.propensity[row], lengths, atol=1e-6)
                    compared += 1
    assert compared == 2 * (4 + 3)


def test_a_mean_over_chains_is_that_of_ensembles(finished: Path) -> None:
    splits = read(finished).splits
    single = np.array([c.propensity.mean(axis=1) for c in splits["train"]])  # type: ignore[union-attr]
    several = [
        np.linalg.norm(c.end_positions - c.positions, axis=3).mean(axis=2).T  # type: ignore[operator]
        for name in ("validation", "test")
        for c in splits[name]
    ]
    ensemble = np.concatenate(several)  # (16 trajectories, times)
    error = np.hypot(
        single.std(axis=0, ddof=1) / len(single) ** 0.5,
        ensemble.std(axis=0, ddof=1) / len(ensemble) ** 0.5,
    )
    difference = np.abs(single.mean(axis=0) - ensemble.mean(axis=0))
    assert (difference < 4 * error).all()
    assert (error < 0.06 * ensemble.mean(axis=0)).all()  # so that a wrong temperature is noticed


def test_segments_are_one_trajectory(finished: Path, tmp_path: Path) -> None:
    """Positions and velocities go on where segments meet, past the edges of the box."""
    config = settings(times=[0.01, 0.3], timestep=0.01)
    identity = Identity(1.0, "train", 0, is_chain=True)
    schedule = Schedule((0.01, 0.3), spacing=0.25, segment=0.1)
    assert schedule.parts == 3 and schedule.segments(1) == 4 and schedule.segments(4) == 13
    liquid = read(finished)[0]
    begin_chain(liquid, config, KOB_ANDERSEN, identity, tmp_path)
    for segment in range(13):
        arguments = (liquid, config, KOB_ANDERSEN, identity, schedule, tmp_path, segment)
        run_chain_segment(*arguments)
        written = state_file(tmp_path, segment + 1).read_bytes()
        if segment == 5:  # stopped between the two files of a segment: the same bytes again
            before = labels_file(tmp_path, segment).read_bytes()
            run_chain_segment(*arguments)
            assert state_file(tmp_path, segment + 1).read_bytes() == written
            assert labels_file(tmp_path, segment).read_bytes() == before
    states = [load_arrays(state_file(tmp_path, k)) for k in range(14)]
    unwrapped = [s["positions"] + s["images"] * liquid.box for s in states]
    assert any(s["images"].any() for s in states)
    assert max(np.abs(b - a).max() for a, b in pairwise(unwrapped)) < 1.0
    for number in range(4):
        start, followed = chain_start(liquid, schedule, tmp_path, identity, number)
        state = states[3 * number]
        assert start.positions.tobytes() == state["positions"].tobytes()
        # Within a step the particles move with the velocities that were stored.
        speed = np.linalg.norm(state["velocities"], axis=1)
        moved = followed["displacements"][0] / 0.01
        assert np.corrcoef(speed, moved)[0, 1] > 0.9
        assert followed["end_positions"].shape == (2, 200, 3)


def test_a_schedule_does_not_depend_on_the_number_of_starts() -> None:
    """Every label is due once, at its time, wherever it falls."""
    schedule = Schedule((0.1, 0.7, 2.0), spacing=0.7, segment=0.3)
    at = {}
    for segment in range(schedule.segments(5)):
        for after, due in schedule.events(segment):
            for label in due:
                assert label not in at
                at[label] = segment * 0.7 / 3 + after
    assert {(m, k) for m in range(5) for k in range(3)} <= set(at)
    for (start, k), when in at.items():
        assert np.isclose(when, 0.7 * start + schedule.times[k], atol=1e-8)


def contents(store: Path, pattern: str) -> dict[str, bytes]:
    """Every file of the groups that match."""
    files = (f for group in store.glob(pattern) for f in group.rglob("*") if f.is_file())
    return {str(f.relative_to(store)): f.read_bytes() for f in files}


def test_grown_by_chains_and_starts_with_another_worker(
    finished: Path, here: dict[str, str], tmp_path: Path
) -> None:
    store = tmp_path / "b.zarr"
    fewer = settings(chains=chains(n_chains=1, starts=3), n_configurations={}, cluster=here)
    simulate(fewer, store, progress=False)
    before = contents(store, "T1-*")
    assert len({name.split("/")[0] for name in before}) == 3
    # The store keeps where the chain ended, for later starts; for others it begins again.
    identity = Identity(1.0, "train", 0, is_chain=True)
    ends = (
        (3, {"start.npz", "equilibrated.json", "state-6.npz"}),
        (2, {"start.npz", "equilibrated.json", "melt.npz"}),
    )
    for first, expected in ends:
        folder = tmp_path / f"work-{first}"
        prepare_chain(fewer, KOB_ANDERSEN, folder, identity, store, first)
        names = {f.name for f in folder.iterdir() if not f.name.startswith("block")}
        assert names == expected
    simulate(settings(cluster=here), store, progress=False)
    after = contents(store, "T1-*")
    assert {name: after[name] for name in before} == before
    same_arrays(finished, store)
    with pytest.raises(
        InputError, match=r"chains.spacing_time \(now 1.0, was 0.8\) at T = 1: .*other chains"
    ):
        simulate(settings(chains=chains(spacing_time=1.0)), store, progress=False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
def test_a_chain_three_times_killed(finished: Path, here: dict[str, str], tmp_path: Path) -> None:
    """kill -9 when some files more are there, at any point of the next: the same bytes."""
    config, store = tmp_path / "a.yaml", tmp_path / "c.zarr"
    config.write_text(yaml.safe_dump(CHAINS))
    command = [sys.executable, "-c", DRIVER, str(config), str(store)]
    rng = np.random.default_rng(11)
    partial = tmp_path / "c.zarr.partial"

    def n_states() -> int:
        return len(list(partial.glob("*-C*/state-*.npz")))

    for _ in range(3):
        wanted = n_states() + int(rng.integers(1, 7))
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while n_states() < wanted and process.poll() is None:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.1)))
        assert process.poll() is None, "it was to be killed half way"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    simulate(settings(cluster=here), store, progress=False)
    same_arrays(finished, store)
    assert not partial.exists()


def test_spacing_in_relaxation_times(here: dict[str, str], tmp_path: Path) -> None:
    config = settings(
        times={"tau_alpha": [0.5, 1.0], "number": 2},
        chains={"n_chains": 1, "starts": 2, "spacing": 1.0},
        n_configurations={},
        cluster=here,
    )
    store = simulate(config, tmp_path / "d.zarr", progress=False)
    first, second = read(store)
    spacing = store_attributes(store)["chains"]["1"]["spacing"]
    assert first.times is not None and first.propensity is not None
    assert spacing == first.times[1]
    moved = minimum_image(second.positions - first.positions, first.box)
    assert np.allclose(first.propensity[1], np.linalg.norm(moved, axis=1), atol=1e-6)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="chains need spacing_time"):
        settings(start_from="a.zarr", chains={"n_chains": 1})
    point: dict[str, Any] = {"temperature": 2.0, "chains": {"n_chains": 0}}
    one, two = settings(temperatures=[1.0, point]).state_points
    assert one.chains is not None and one.chains.n_chains == 2
    assert two.chains is not None and two.chains.n_chains == 0
    assert "chains" not in settings().physics()


def test_training_learns_from_chains(finished: Path, tmp_path: Path) -> None:
    """Single runs are learned from; ensembles of the same store tell how well."""
    import equiglass
    from equiglass.evaluation.dynamics import dynamics
    from equiglass.training.config import TrainConfig

    config = TrainConfig.model_validate(
        {
            "data": {"path": str(finished)},
            "model": {
                "layers": 1,
                "channels": 4,
                "l_max": 1,
                "cutoff": 1.5,
                "inputs": {"graph": "inherent"},
            },
            "optimizer": {"epochs": 2},
        }
    )
    model = equiglass.train(config, tmp_path / "run")
    evaluation = equiglass.evaluate(model, read(finished).splits["test"])
    assert len(evaluation.scores) == 6
    assert all(score.ceiling is not None for score in evaluation.scores)
    rows = dynamics(list(read(finished)))
    assert all(row.self_scattering is not None and row.chi4 is not None for row in rows)
    alone = dynamics(list(read(finished).splits["train"]))
    assert all(row.chi4 is not None and row.ceiling is None for row in alone)
