"""Frames of which the work is killed in the middle, and resumed: local processes and Dask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ase.io
import pytest
import torch

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.models.se3 import SE3Config
from equiglass.streaming.folder import WorkFolder
from tests.conftest import make_complete

FRAMES = 24
# Kills itself at the third result, with others under way and most not begun: no race with a clock.
KILLED = """
import os, signal, sys
from contextlib import contextmanager
import equiglass as eg
from equiglass.streaming import run, workers

@contextmanager
def until_the_third(label, total, *, enabled):
    left = [3]
    def advance():
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
    yield advance

run.track = until_the_third
workers.AHEAD_ON_DASK = 4
command, *arguments, out = sys.argv[1:-1]
where = {"n_processes": 2} if sys.argv[-1] == "here" else {"scheduler": sys.argv[-1]}
getattr(eg, command)(*arguments, frames=":", output=out, **where)
"""


def write_trajectory(path: Path, **fields: None) -> Path:
    first = make_complete(250).without_targets().replace(**fields)
    frames = [to_ase(first.shifted([0.01 * k, 0, 0])) for k in range(FRAMES)]
    for k, atoms in enumerate(frames):
        atoms.info["time"] = float(k)
    ase.io.write(path, frames)
    return path


def kill_in_the_middle(*arguments: object) -> dict[str, int]:
    """When each result was written that the killed process left."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, arguments)], capture_output=True, text=True
    )
    out = Path(str(arguments[-2]))
    work = WorkFolder(out).path
    assert done.returncode == -signal.SIGKILL, done.stderr
    stamps = {p.name: p.stat().st_mtime_ns for p in work.glob("0*.npz")}
    assert 3 <= len(stamps) < FRAMES and not out.exists()
    return stamps


@pytest.mark.filterwarnings("ignore::equiglass.AssumptionWarning")
def test_local_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trajectory = write_trajectory(tmp_path / "t.extxyz")
    torch.manual_seed(0)
    settings = SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5)
    eg.PropensityModel(settings, 2, (1.0,), n_members=2).save(tmp_path / "model")
    out, whole = tmp_path / "out.npz", tmp_path / "whole.npz"
    done = kill_in_the_middle("predict", tmp_path / "model", trajectory, out, "here")
    # Where the results are kept, it is seen that none was made twice.
    with monkeypatch.context() as patch:
        patch.setattr("equiglass.streaming.run.Results.remove", lambda self: None)
        eg.predict(tmp_path / "model", trajectory, frames=":", output=out, n_processes=1)
    work = WorkFolder(out)
    assert {n: (work.path / n).stat().st_mtime_ns for n in done} == done
    eg.predict(tmp_path / "model", trajectory, frames=":", output=whole, n_processes=1)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.filterwarnings("ignore::equiglass.AssumptionWarning")
def test_workers_of_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    # Inherent structures are known, their energies are not: a job that takes no time.
    missing = {"thermal_energy": None, "inherent_energy": None}
    trajectory = write_trajectory(tmp_path / "t.extxyz", **missing)
    out, whole = tmp_path / "out.npz", tmp_path / "whole.npz"
    killed = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        done = kill_in_the_middle("quench", trajectory, out, address)

        @contextmanager
        def and_a_worker(label: str, total: int, *, enabled: bool) -> Iterator[Callable[[], None]]:
            assert 0 < total <= FRAMES - len(done)

            def advance() -> None:
                if not killed:
                    killed.append(cluster.workers[0].pid)
                    os.kill(killed[0], signal.SIGKILL)

            yield advance

        monkeypatch.setattr("equiglass.streaming.run.track", and_a_worker)
        found = eg.quench(trajectory, out, frames=":", scheduler=address)
    monkeypatch.undo()
    assert killed and len(found) == FRAMES and not WorkFolder(out).path.exists()
    eg.quench(trajectory, whole, frames=":", n_processes=1)
    assert out.read_bytes() == whole.read_bytes()
