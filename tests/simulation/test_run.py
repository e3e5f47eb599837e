"""``equiglass simulate``: determinism, resumption after kill -9, growth, faults."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from equiglass.data.dataset import read
from equiglass.data.fields import FIELDS
from equiglass.data.potential import KOB_ANDERSEN, Pair
from equiglass.errors import InputError
from equiglass.simulation.config import SimulationConfig
from equiglass.simulation.run import simulate

SMALL = {
    "n_particles": 200,
    "temperatures": [1.0],
    "times": [0.05, 0.5],
    "n_configurations": {"train": 1, "test": 1},
    "n_trajectories": 4,
    "equilibration": {
        "melt_time": 0.5,
        "cool_time": 0.5,
        "first_block": 10.0,
        "tau_tolerance": 3.0,
        "energy_tolerance": 0.1,
    },
    "observables": {"end_positions": True},
    "seed": 3,
}


def same_arrays(a: Path, b: Path) -> None:
    """Every array of every configuration equal, bit for bit."""
    one, two = read(a), read(b)
    assert [Path(e.name).name for e in one.entries] == [Path(e.name).name for e in two.entries]
    for x, y in zip(one, two, strict=True):
        for name in FIELDS:
            left, right = getattr(x, name), getattr(y, name)
            assert (left is None) == (right is None), name
            if left is not None:
                assert left.tobytes() == right.tobytes(), name


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("simulated") / "a.zarr"
    return simulate(SimulationConfig.model_validate(SMALL), store, n_processes=2, progress=False)


def test_what_is_in_a_finished_store(finished: Path) -> None:
    data = read(finished)
    assert {k: len(v) for k, v in data.splits.items()} == {"train": 1, "test": 1}
    assert not finished.with_name("a.zarr.partial").exists()
    for c in data:
        assert c.inherent_positions is not None and c.inherent_energy is not None
        assert c.propensity is not None and c.propensity_halves is not None
        # Ballistic at first: <|v|> t = sqrt(8 T / pi) t, and MSD = 3 T t^2.
        assert np.isclose(c.propensity[0].mean(), np.sqrt(8 / np.pi) * 0.05, rtol=0.1)
        msd = c.mean_squared_displacement
        assert msd is not None and msd.shape == (2, 4, 2)
        assert np.isclose(msd[0].mean(), 3 * 0.05**2, rtol=0.2)
        assert c.propensity[1].mean() > c.propensity[0].mean()
        assert c.self_scattering is not None and 0.9 < c.self_scattering[0].mean() < 1
        assert c.overlap is not None and (c.overlap[0] == 1).all()
        assert c.bond_breaking is not None and np.nanmin(c.bond_breaking[0]) > 0.9
        # The stored mean is that of the end states.
        moved = np.linalg.norm(c.end_positions - c.positions, axis=3)  # type: ignore[operator]
        assert np.allclose(moved.mean(axis=1), c.propensity, atol=1e-5)
        assert c.trajectory_energy is not None and c.trajectory_energy.shape == (2, 4)


def test_grown_with_another_number_of_workers(
    finished: Path, here: dict[str, str], tmp_path: Path
) -> None:
    smaller = {**SMALL, "n_configurations": {"train": 1}, "cluster": here}
    whole = SimulationConfig.model_validate({**SMALL, "cluster": here})
    store = tmp_path / "b.zarr"
    begun = tmp_path / "b.zarr.partial" / "T1-train-007"
    begun.mkdir(parents=True)
    simulate(SimulationConfig.model_validate(smaller), store, progress=False)
    assert begun.is_dir()  # another configuration's partial results are left alone
    simulate(whole, store, progress=False)
    same_arrays(finished, store)
    # A configuration that is lost is made again; other physics are refused.
    shutil.rmtree(store / "T1-test-000")
    simulate(whole, store, progress=False)
    same_arrays(finished, store)
    with pytest.raises(InputError, match=r"config.seed \(now 4, was 3\): was begun with another"):
        simulate(SimulationConfig.model_validate({**SMALL, "seed": 4}), store, progress=False)
    others = SimulationConfig.model_validate({**SMALL, "times": [0.05, 1.0]})
    with pytest.raises(InputError, match="times at T = 1: was begun with other times"):
        simulate(others, store, progress=False)


def test_another_potential_of_the_same_name_is_noticed(finished: Path, tmp_path: Path) -> None:
    """On resume and in the configurations to start from; a moved or renamed file is the same."""
    file = tmp_path / "mine.yaml"

    def settings(**more: object) -> SimulationConfig:
        return SimulationConfig.model_validate({**SMALL, "potential": str(file), **more})

    file.write_text(KOB_ANDERSEN.model_dump_json())
    simulate(settings(), finished, progress=False)  # nothing is left to do
    pairs = {**KOB_ANDERSEN.pairs, "AB": Pair(epsilon=1.5, sigma=0.8, cutoff=2.1)}
    other = KOB_ANDERSEN.model_copy(update={"pairs": pairs})
    file.write_text(other.model_dump_json())
    with pytest.raises(InputError, match=r"a.zarr: potential: .*AB cutoff 2, not 2.1"):
        simulate(settings(), finished, progress=False)
    with pytest.raises(InputError, match="T1-train-000.*AB cutoff 2, not 2.1"):
        simulate(
            settings(start_from=str(finished)), tmp_path / "a.zarr", n_processes=1, progress=False
        )


@pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")
def test_three_times_killed(finished: Path, tmp_path: Path) -> None:
    """kill -9 of everything when some files more are there, then once more: the same bytes."""
    config, store = tmp_path / "a.yaml", tmp_path / "c.zarr"
    config.write_text(yaml.safe_dump(SMALL))
    command = [sys.executable, "-m", "equiglass", "simulate", str(config), "-o", str(store)]
    rng = np.random.default_rng(7)
    partial = tmp_path / "c.zarr.partial"

    def n_files() -> int:
        return len(list(partial.glob("*/*.npz"))) + len(list(store.glob("*/zarr.json")))

    for _ in range(3):
        wanted = n_files() + int(rng.integers(1, 4))
        process = subprocess.Popen(
            [*command, "-j", "1"], start_new_session=True, stderr=subprocess.DEVNULL
        )
        while n_files() < wanted and process.poll() is None:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.2)))
        assert process.poll() is None, "it was to be killed half way"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run([*command, "-j", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    same_arrays(finished, store)


def test_a_worker_that_dies(finished: Path, tmp_path: Path) -> None:
    """kill -9 of one worker: its task starts afresh in a new one, the command ends well."""
    import psutil

    config, store = tmp_path / "a.yaml", tmp_path / "k.zarr"
    config.write_text(yaml.safe_dump(SMALL))
    command = [sys.executable, "-m", "equiglass", "simulate", str(config), "-o", str(store)]
    process = subprocess.Popen([*command, "-j", "2"], stderr=subprocess.DEVNULL)
    partial = tmp_path / "k.zarr.partial"
    deadline = time.monotonic() + 120
    while not list(partial.glob("*/melt.npz")) and time.monotonic() < deadline:
        time.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    busiest = max(children, key=lambda c: sum(c.cpu_times()[:2]))
    busiest.kill()
    assert process.wait(timeout=240) == 0
    same_arrays(finished, store)


def test_a_configuration_that_fails_is_named_and_left_out(
    here: dict[str, str], tmp_path: Path
) -> None:
    settings = {
        **SMALL,
        "cluster": here,
        "temperatures": [1.0, {"temperature": 0.45, "n_configurations": {"train": 1}}],
        "n_configurations": {"train": 1},
        "equilibration": {**SMALL["equilibration"], "longest": 60.0},  # type: ignore[dict-item]
    }
    store = tmp_path / "d.zarr"
    with pytest.raises(
        InputError, match="(?s)1 of 2.*T0.45-train-000.*did not equilibrate"
    ) as error:
        simulate(SimulationConfig.model_validate(settings), store, progress=False)
    assert "T1-train" not in str(error.value)
    assert [c.temperature for c in read(store)] == [1.0]
    assert (tmp_path / "d.zarr.partial" / "T0.45-train-000").is_dir()


def test_a_trajectory_that_blows_up(tmp_path: Path, finished: Path, here: dict[str, str]) -> None:
    settings = {
        **SMALL, "timestep": 0.05, "start_from": str(finished), "times": [5.0], "cluster": here,
    }  # fmt: skip
    with pytest.raises(InputError, match="(?s)T1-train-000.*blew up"):
        simulate(SimulationConfig.model_validate(settings), tmp_path / "e.zarr", progress=False)


def test_start_from_given_configurations(
    tmp_path: Path, finished: Path, here: dict[str, str]
) -> None:
    settings = {
        **SMALL, "start_from": str(finished), "times": {"published": "ka3d"}, "cluster": here,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no times are published for T = 1"):
        SimulationConfig.model_validate(settings)
    settings["times"] = [0.1]
    store = simulate(SimulationConfig.model_validate(settings), tmp_path / "f.zarr", progress=False)
    starts = {c.positions.tobytes() for c in read(finished)}
    assert {c.positions.tobytes() for c in read(store)} == starts
    settings["n_configurations"] = {"train": 3}
    with pytest.raises(InputError, match="too few configurations to start from"):
        simulate(SimulationConfig.model_validate(settings), tmp_path / "g.zarr", progress=False)
    assert not (tmp_path / "g.zarr").exists()  # before anything is run


def test_relaxation_times_set_the_grid(tmp_path: Path, here: dict[str, str]) -> None:
    settings = {
        **SMALL,
        "cluster": here,
        "times": {"tau_alpha": [0.1, 1.0], "number": 3},
        "n_trajectories": 2,
        "n_configurations": {"train": 2},
    }
    store = simulate(SimulationConfig.model_validate(settings), tmp_path / "h.zarr", progress=False)
    first, second = read(store)
    assert first.times is not None and np.array_equal(first.times, second.times)  # type: ignore[arg-type]
    assert np.allclose(first.times / first.times[-1], [0.1, 0.316, 1.0], rtol=0.02)
    # At t = tau_alpha F_s is 1/e, within the noise of two small configurations.
    assert first.self_scattering is not None
    assert 0.2 < first.self_scattering[-1, :, 0].mean() < 0.6


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """A write that the system cuts short leaves the old file, and says which file it was."""
    import resource

    from equiglass.simulation.work import load_arrays, save_arrays

    file = tmp_path / "a.npz"
    save_arrays(file, a=np.arange(3))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(InputError, match="a.npz: cannot be written: File too large"):
            save_arrays(file, a=np.zeros(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ""] == ["a.npz"]
    assert np.array_equal(load_arrays(file)["a"], np.arange(3))


def test_two_dimensions(tmp_path: Path, here: dict[str, str]) -> None:
    settings = {
        **SMALL, "cluster": here, "dimensions": 2, "n_particles": 200, "composition": [0.65, 0.35],
        "n_configurations": {"train": 1},
    }  # fmt: skip
    store = simulate(SimulationConfig.model_validate(settings), tmp_path / "i.zarr", progress=False)
    c = read(store)[0]
    assert c.dimensions == 2 and c.composition == {"A": 130, "B": 70}
    assert np.isclose(c.density, 1.2)
    # In the plane: <|v|> t = sqrt(pi T / 2) t.
    assert np.isclose(c.propensity[0].mean(), np.sqrt(np.pi / 2) * 0.05, rtol=0.12)  # type: ignore[index]
