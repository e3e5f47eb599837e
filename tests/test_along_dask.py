"""Frames on the workers of a Dask scheduler: client and worker killed, and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.data.atoms import to_ase
from equiglass.models.se3 import SE3Config
from equiglass.streaming.folder import WorkFolder
from tests.conftest import make_complete

FRAMES = 120
CLIENT = """
import sys, equiglass as eg
model, data, out, address = sys.argv[1:]
eg.predict(model, data, frames=":", output=out, scheduler=address)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    settings = SE3Config(layers=1, channels=2, l_max=1, cutoff=1.5)
    eg.PropensityModel(settings, 2, (1.0,)).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def trajectory(tmp_path: Path) -> Path:
    first = make_complete(300).without_targets()
    frames = []
    for k in range(FRAMES):
        frames.append(to_ase(first.shifted([0.01 * k, 0, 0])))
        frames[-1].info["time"] = float(k)
    ase.io.write(tmp_path / "t.extxyz", frames)
    return tmp_path / "t.extxyz"


def until(found: object, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not found():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_client_and_worker_are_killed(tmp_path: Path, model: Path, trajectory: Path) -> None:
    from distributed import Client, LocalCluster

    warnings.simplefilter("ignore", eg.AssumptionWarning)
    out = tmp_path / "dask.npz"
    work = WorkFolder(out).path
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        with (tmp_path / "client.log").open("w") as log:
            client = subprocess.Popen(
                [sys.executable, "-c", CLIENT, model, trajectory, out, address], stderr=log
            )
        until(lambda: client.poll() is not None or len(list(work.glob("*.npz"))) >= 3)
        assert client.poll() is None, (tmp_path / "client.log").read_text()
        client.send_signal(signal.SIGKILL)
        client.wait()
        done = {p.name: p.stat().st_mtime_ns for p in work.glob("*.npz")}
        assert 3 <= len(done) < FRAMES and not out.exists()
        with Client(address) as asking:
            one = next(iter(asking.run(os.getpid).values()))
        os.kill(one, signal.SIGKILL)
        found = eg.predict(model, trajectory, frames=":", output=out, scheduler=address)
    assert len(found) == FRAMES and not work.exists()
    eg.predict(model, trajectory, frames=":", output=tmp_path / "here.npz", n_processes=1)
    assert out.read_bytes() == (tmp_path / "here.npz").read_bytes()
    with np.load(out) as stored:
        assert stored["predicted_propensity"].shape == (1, FRAMES * 300)
