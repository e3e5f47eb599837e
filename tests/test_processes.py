"""Two processes that train together (gloo, on the CPU) against one with the same batches."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.data.dataset import read
from equiglass.data.store import write_store
from equiglass.evaluation.correlation import pearson
from equiglass.models.storage import load_model
from equiglass.nn.steerable import batch_means
from equiglass.training import processes
from equiglass.training.data import EpochSampler
from tests.conftest import make_complete


def run_train(
    folder: Path, name: str, n_processes: int, *, batch: int, epochs: int = 3
) -> list[dict[str, float]]:
    """``equiglass train`` in processes of its own, or in this one; the epochs' logged values."""
    settings = {
        "data": {"path": str(folder / "data.zarr")},
        "model": {"layers": 2, "channels": 4, "l_max": 1, "cutoff": 1.5},
        "optimizer": {"epochs": epochs, "batch_size": batch},
        "precision": "float64",
    }
    config = folder / f"{name}.yaml"
    config.write_text(yaml.safe_dump(settings))
    arguments = ["train", str(config), "-o", str(folder / name), "--device", "cpu"]
    if n_processes == 1:
        shown = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert shown.exit_code == 0, shown.output
    else:
        done = subprocess.run(
            [sys.executable, "-m", "equiglass", *arguments, "--devices", str(n_processes)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("model of") == 1
    epochs_logged: dict[str, dict[str, float]] = {}
    with (folder / name / "logs" / "metrics.csv").open() as file:
        for row in csv.DictReader(file):
            values = {k: float(v) for k, v in row.items() if v and k not in ("epoch", "step")}
            epochs_logged.setdefault(row["epoch"], {}).update(values)
    return list(epochs_logged.values())


def make_data(folder: Path, n_training: int, n_held_out: int) -> None:
    """A store with both splits."""
    names = ["train"] * n_training + ["validation"] * n_held_out
    configurations = ((f"c{k}", make_complete(120, seed=k), split) for k, split in enumerate(names))
    write_store(folder / "data.zarr", configurations)


def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path) -> None:
    # One of the two has nothing to validate on.
    make_data(tmp_path, n_training=4, n_held_out=1)
    two = run_train(tmp_path, "two", 2, batch=1)
    one = run_train(tmp_path, "one", 1, batch=2)
    assert len(two) == 3 and set(one[0]) == {"loss", "validation_rho", "validation_rho_pooled"}
    for a, b in zip(two, one, strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    # Only the first process writes, and what it writes is the trained model.
    parallel, single = load_model(tmp_path / "two"), load_model(tmp_path / "one")
    for p, q in zip(parallel.state_dict().values(), single.state_dict().values(), strict=True):
        assert torch.allclose(p, q, rtol=1e-8, atol=1e-10)


def test_pooled_correlation_is_of_all_particles(tmp_path: Path) -> None:
    """Two processes, three configurations each: the odd training one is shown twice, no held-out
    one counts twice. Against all predictions together.
    """
    make_data(tmp_path, n_training=3, n_held_out=3)
    logged = run_train(tmp_path, "two", 2, batch=1, epochs=1)[-1]
    model = load_model(tmp_path / "two")
    held_out = list(read(tmp_path / "data.zarr").splits["validation"])
    rows = []
    for k in range(len(model.times)):
        predicted, measured = [], []
        for c in held_out:
            of_type_a = c.types == 0
            predicted.append(model.predict(c)[k, of_type_a])
            measured.append(c.propensity[k, of_type_a])
        alone = [pearson(p, m) for p, m in zip(predicted, measured, strict=True)]
        rows.append((np.mean(alone), pearson(np.concatenate(predicted), np.concatenate(measured))))
    expected = np.mean(rows, axis=0)
    assert logged["validation_rho"] == pytest.approx(expected[0], abs=1e-5)
    assert logged["validation_rho_pooled"] == pytest.approx(expected[1], abs=1e-5)
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert metrics["validation_rho"] == pytest.approx(expected[0], abs=1e-5)


def under_torchrun(monkeypatch: pytest.MonkeyPatch, rank: int, world_size: int) -> None:
    """The environment that torchrun gives a process."""
    for name, value in (
        ("RANK", rank),
        ("LOCAL_RANK", rank),
        ("WORLD_SIZE", world_size),
        ("LOCAL_WORLD_SIZE", world_size),
        ("MASTER_ADDR", "localhost"),
        ("MASTER_PORT", 29500),
    ):
        monkeypatch.setenv(name, str(value))


def test_half_an_environment_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    under_torchrun(monkeypatch, 2, 3)
    found = processes.rank(), processes.world_size(), processes.per_machine()
    assert found == (2, 3, 3)
    for name in processes.ENVIRONMENT:
        with monkeypatch.context() as patch:
            patch.delenv(name)
            found = processes.rank(), processes.world_size(), processes.per_machine()
            assert found == (0, 1, 1)


def test_processes_that_have_met_say_how_many_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the environment says."""
    under_torchrun(monkeypatch, 2, 3)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1
    )
    try:
        assert (processes.rank(), processes.world_size()) == (0, 1)
        with processes.together("cpu"):
            processes.wait()
    finally:
        torch.distributed.destroy_process_group()
    assert (processes.rank(), processes.world_size()) == (2, 3)


def test_processes_share_every_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []
    for rank in range(3):
        under_torchrun(monkeypatch, rank, 3)
        sampler = EpochSampler(7, 0, 0, seed=1)
        orders.append(list(sampler))
        assert len(orders[-1]) == len(sampler) == 3
        assert processes.share(range(7)) == list(range(rank, 7, 3))
    assert {k for order in orders for k in order} == set(range(7))
    monkeypatch.delenv("WORLD_SIZE")
    alone = list(EpochSampler(7, 0, 0, seed=1))
    # The same order, dealt out in turn; its first two once more at the end.
    assert [orders[k % 3][k // 3] for k in range(9)] == [*alone, *alone[:2]]


def test_batch_means_alone_are_means() -> None:
    values = torch.randn(7, 3, 2), torch.randn(7, 4)
    for found, expected in zip(batch_means(*values), values, strict=True):
        assert torch.equal(found, expected.mean(dim=0))


def test_more_processes_than_wanted_is_a_matter_of_torchrun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: started.append(command))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    processes.start(4, ["train", "c.yaml", "-o", "run", "--devices", "4"])
    text = " ".join(started[0])
    assert "torch.distributed.run --standalone --nproc-per-node 4 -m equiglass train" in text
