"""Studies end to end on tiny data, their resumption, the report page."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.commands.report import report
from equiglass.data.dataset import read
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.studies.reduced import at_reduced_times
from equiglass.studies.run import study
from equiglass.training.config import DataConfig, TrainConfig
from tests.conftest import make_complete


@pytest.fixture(scope="module")
def two_temperatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up labels at T = 0.5 and 0.56, on grids that share two times in units of tau_alpha."""
    store = tmp_path_factory.mktemp("data") / "two.zarr"
    grids = {0.5: [2.17, 68.6, 217.0], 0.56: [5.2, 16.5, 52.0]}
    entries = []
    for temperature, times in grids.items():
        for k, split in enumerate(("train", "train", "validation", "test", "test")):
            c = make_complete(120, seed=10 * k + round(100 * temperature), n_times=3)
            c = c.replace(times=np.array(times), temperature=temperature)
            entries.append((f"T{temperature}-{split}-{k}", c, split))
    write_store(store, entries)
    return store


def config(data: Path | str) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "data": {"path": str(data)},
            "model": {"l_max": 1, "channels": 2, "layers": 1},
            "optimizer": {"epochs": 1},
        }
    )


def test_reduced_times(two_temperatures: Path) -> None:
    reduced = at_reduced_times(read(two_temperatures))
    assert {tuple(c.times.tolist()) for c in reduced} == {(0.32, 1.0)}  # type: ignore[union-attr]
    original = read(two_temperatures)[0]
    assert np.array_equal(reduced[0].propensity, original.propensity[1:])  # type: ignore[index]
    assert {k: len(v) for k, v in reduced.splits.items()} == {
        "train": 4, "validation": 2, "test": 4,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["inputs", "depth", "size", "temperature", "transfer"])
def test_each_study_runs(kind: str, two_temperatures: Path, tmp_path: Path) -> None:
    data = two_temperatures
    if kind in ("inputs", "depth", "size"):
        data = Path(f"{two_temperatures}@0.56")
    rows = study(kind, config(data), tmp_path, quick=True, n_processes=2, progress=False)
    with (tmp_path / "study.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(rows) > 0
    assert (tmp_path / "study.png").stat().st_size > 5_000
    assert all(r["rho"] is not None for r in rows)
    if kind == "temperature":
        assert {(r["variant"], r["data"]) for r in rows} == {
            (f"T={a}", f"T={b}") for a in ("0.5", "0.56") for b in ("0.5", "0.56")
        }
    if kind == "transfer":
        methods = {r["variant"].split(",")[-1] for r in rows}
        assert {"frozen", "scratch", "fine-tuned"} <= methods


def test_a_study_goes_on_and_is_reported(two_temperatures: Path, tmp_path: Path) -> None:
    settings = config(f"{two_temperatures}@0.5")
    first = study("depth", settings, tmp_path / "s", quick=True, progress=False)
    (tmp_path / "s" / "layers=2" / "result.json").unlink()
    kept = (tmp_path / "s" / "layers=1" / "result.json").stat().st_mtime_ns
    again = study("depth", settings, tmp_path / "s", quick=True, progress=False)
    assert (tmp_path / "s" / "layers=1" / "result.json").stat().st_mtime_ns == kept

    def scores(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
        return [(r["variant"], r["type"], r["time"], r["rho"]) for r in rows]

    assert scores(first) == scores(again)
    with pytest.raises(InputError, match="another study, or other settings"):
        study("size", settings, tmp_path / "s", quick=True, progress=False)
    runner = CliRunner()
    for source in (tmp_path / "s", tmp_path / "s" / "layers=1" / "run"):
        page = tmp_path / "page.html"
        done = runner.invoke(app, ["report", str(source), "-o", str(page)])
        assert done.exit_code == 0, done.output
        text = page.read_text()
        assert "layers" in text and "<script" in text
        assert "http-equiv" not in text and 'src="http' not in text
    with pytest.raises(InputError, match="neither a finished run nor a study"):
        report(tmp_path, tmp_path / "x.html")


def test_refusals(two_temperatures: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such study.*depth.*found breadth"):
        study("breadth", config("ka3d_quickstart"), tmp_path / "a")
    with pytest.raises(InputError, match="needs several temperatures"):
        study("temperature", config("ka3d_quickstart"), tmp_path / "b")
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump({"data": {"path": "x"}, "model": {"kind": "botanic"}}))
    done = CliRunner().invoke(app, ["study", "depth", str(file), "-o", str(tmp_path / "d")])
    assert done.exit_code == 2
    assert "unknown kind of model" in done.stderr


def test_study_on_a_dask_cluster(two_temperatures: Path, tmp_path: Path) -> None:
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        found = study(
            "depth",
            config(two_temperatures).model_copy(
                update={"data": DataConfig(path=f"{two_temperatures}@0.56")}
            ),
            tmp_path / "dask",
            quick=True,
            scheduler=cluster.scheduler_address,
            progress=False,
        )
    assert {row["variant"] for row in found} == {"layers=1", "layers=2"}
    assert (tmp_path / "dask" / "study.csv").is_file()


def test_no_scheduler_is_said(two_temperatures: Path, tmp_path: Path) -> None:
    settings = config(f"{two_temperatures}@0.56")
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        study("depth", settings, tmp_path / "x", quick=True, scheduler="nowhere")


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    """kill -9 of the parent alone: a worker that went on could write beside a second start."""
    code = (
        "import os, sys, time; from pathlib import Path; from equiglass.pool import open_pool\n"
        "if __name__ == '__main__':\n"
        "    with open_pool(1) as pool:\n"
        "        Path(sys.argv[1]).write_text(str(pool.submit(os.getpid).result()))\n"
        "        pool.submit(time.sleep, 60).result()\n"
    )
    script, pid_file = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, script, pid_file])
    deadline = time.monotonic() + 60
    while not (pid_file.is_file() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    worker = int(pid_file.read_text())
    os.kill(worker, 0)
    parent.kill()
    parent.wait()
    while time.monotonic() < deadline:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        # An orphan that has ended may wait for a while to be collected.
        if Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.2)
    pytest.fail("the worker lives on")
