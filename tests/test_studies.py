"""Studies end to end on tiny data, their resumption, the report page."""

from __future__ import annotations

import json
import re
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.commands.report import report
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.relaxation import PUBLISHED, RelaxationTime
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.message import MessageConfig
from equiglass.studies.across import validating
from equiglass.studies.base import COMMON_COLUMNS, rhos_of
from equiglass.studies.equivariance import TWIN
from equiglass.studies.grid import read_table
from equiglass.studies.networks import BAPST, BOTAN, COARSE, EIGNN, MLP, RIDGE, SE3
from equiglass.studies.reduced import at_reduced_times
from equiglass.studies.registry import STUDIES
from equiglass.studies.run import QUICK_EPOCHS, study
from equiglass.studies.timescales import ALONE, TOGETHER
from equiglass.training.config import DataConfig, TrainConfig
from tests.conftest import make_complete

# Grids that share two times in units of tau_alpha.
GRIDS = {0.5: [2.17, 68.6, 217.0], 0.56: [5.2, 16.5, 52.0]}
TAU_ALPHA = {0.5: 217.0, 0.56: 52.0}
SPLITS = ("train", "train", "validation", "test", "test")


def labelled(temperature: float, k: int, tau_alpha: RelaxationTime | None) -> Configuration:
    return make_complete(120, seed=10 * k + round(100 * temperature), n_times=3).replace(
        times=np.array(GRIDS[temperature]), temperature=temperature, relaxation_time=tau_alpha,
        n_trajectories=1 if k else 4,
        bond_breaking=np.random.default_rng(k).random((3, 120)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def two_temperatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up labels at T = 0.5, which has no validation configuration, and at 0.56."""
    store = tmp_path_factory.mktemp("data") / "two.zarr"
    entries = []
    for temperature, tau_alpha in TAU_ALPHA.items():
        for k, split in enumerate(SPLITS):
            if (temperature, split) != (0.5, "validation"):
                c = labelled(temperature, k, RelaxationTime(tau_alpha, PUBLISHED))
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
    assert reduced.definition == PUBLISHED
    assert {tuple(c.times.tolist()) for c in reduced.data} == {(0.32, 1.0)}  # type: ignore[union-attr]
    original = read(two_temperatures)[0]
    assert np.array_equal(reduced.data[0].propensity, original.propensity[1:])  # type: ignore[index]
    assert {k: len(v) for k, v in reduced.data.splits.items()} == {
        "train": 4, "validation": 1, "test": 4,
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(STUDIES))
def test_each_study_runs(kind: str, two_temperatures: Path, tmp_path: Path) -> None:
    one = "definition" not in STUDIES[kind].columns
    data = Path(f"{two_temperatures}@0.56") if one else two_temperatures
    # Processes of their own import everything once more: for one of the studies.
    n_processes = 2 if kind == "size" else 1
    networks = STUDIES[kind].networks
    every = STUDIES[kind].all_networks
    networks = None if every else (networks[0], networks[-1]) if networks else None
    rows = study(
        kind, config(data), tmp_path, quick=True, networks=networks, n_processes=n_processes,
        progress=False,
    )  # fmt: skip
    table = read_table(tmp_path / "study.csv")
    assert len(table) == len(rows) > 0
    assert tuple(table[0]) == ("variant", *STUDIES[kind].columns, *COMMON_COLUMNS)
    assert [list(row) for row in rows] == [list(row) for row in table]
    assert (tmp_path / "study.png").stat().st_size > 5_000
    assert all(r["rho"] is not None for r in rows)
    for row in table:
        assert len(rhos_of(row)) == row["n_configurations"]
        assert abs(np.mean(rhos_of(row)) - row["rho"]) < 1e-5
    # All variants are tested on the same, in one order.
    tests = {(row["data"], row["tests"]) for row in table}
    assert len(tests) == len({row["data"] for row in table})
    assert all(str(name).startswith("#") for _, name in tests)
    # The same again finds all done: rows have the columns that are asked for.
    done = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/result.json")}
    # To name all models is to name none.
    named = [*reversed(STUDIES[kind].networks)] if every else networks
    again = study(kind, config(data), tmp_path, quick=True, networks=named, progress=False)
    assert again == rows
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/result.json")} == done
    # The record has what was trained here, not what it is without quick.
    record = json.loads((tmp_path / "record.json").read_text())
    assert record.get("networks") == (list(networks) if networks else None)
    recorded = record["fixed"]
    for column, key in (("seed", "seeds"), ("learning_rates_tried", "learning_rates")):
        found = {str(r[column]) for r in table if r.get(column) is not None}
        assert found == ({" ".join(map(str, recorded[key]))} if key in recorded else set())
    if kind == "depth":
        assert {(r["network"], r["layers"]) for r in table} == set(product((SE3, EIGNN), (1, 2)))
    if kind == "equivariance":
        sizes = {r["network"]: r["parameters"] for r in table}
        assert list(sizes) == ["l_max=0", "l_max=1", TWIN]
        # Of l_max = 1 as configured; others differ by less than a channel is worth.
        wanted = sizes["l_max=1"]
        assert all(abs(sizes[n] - wanted) < 0.25 * wanted for n in ("l_max=0", TWIN)), sizes
    if kind == "equal-time":
        kept = json.loads((tmp_path / "timing" / "epochs.json").read_text())
        assert kept["as_long_as"] == "l_max=1" and kept["epochs"]["l_max=1"] == QUICK_EPOCHS
        assert {r["network"]: r["epochs"] for r in table} == kept["epochs"]
    if kind == "inputs":
        assert {(r["network"], r["inputs"]) for r in table} == set(
            product((SE3, RIDGE), ("thermal", "inherent", "thermal+inherent+energies"))
        )
    if kind == "rivals":
        networks = [SE3, BOTAN, BAPST, EIGNN, MLP, RIDGE, COARSE]
        assert list(dict.fromkeys(r["network"] for r in table)) == networks
    if kind in ("inputs", "rivals"):
        for row in table:
            # Of inputs each set has trials of its own.
            name = f"{row['network']},{row['inputs']}" if kind == "inputs" else row["network"]
            trials = [
                json.loads((tmp_path / f"{name},rate={rate}" / "trial.json").read_text())
                for rate in ("0.003", "0.01")
                if row["network"] not in (RIDGE, COARSE)
            ]
            best = max(trials, key=lambda t: t["validation_rho"], default={})
            assert row["learning_rate"] == best.get("learning_rate")
            assert row["validation_rho"] == best.get("validation_rho")
    if kind == "timescales":
        assert {(r["variant"], r["networks"], r["time"]) for r in table} == {
            *(("all times,seed=0", TOGETHER, t) for t in GRIDS[0.56]),
            *((f"t={t:g},seed=0", ALONE, t) for t in (GRIDS[0.56][0], GRIDS[0.56][-1])),
        }
    if kind == "order-parameter":
        pairs_of = {(r["trained_at"], r["other_trained_at"], r["tested_at"]) for r in table}
        assert {(0.5, 0.56, 0.5), (0.5, 0.56, 0.56)} <= pairs_of
        assert all(-1 <= r["rho"] <= 1 for r in table)
    if kind == "labels":
        longest = GRIDS[0.56][-1]
        assert {(r["runs"], r["configurations"], r["simulated"]) for r in table} == {
            (4, 1, 4 * longest), (1, 1, longest),
        }  # fmt: skip
    if kind == "temperature":
        pairs = {(r["network"], str(r["trained_at"]), r["tested_at"]) for r in table}
        assert pairs == {
            (n, a, b) for n in (SE3, COARSE) for a in ("0.5", "0.56") for b in TAU_ALPHA
        }
        # The best rate at 0.56, which alone has validation data, for both; none of what is solved.
        assert len({r["learning_rate"] for r in table if r["network"] == SE3}) == 1
        assert {r["learning_rate"] for r in table if r["network"] == COARSE} == {None}
        assert {r["definition"] for r in table} == {PUBLISHED}
        assert {(str(r["trained_at"]), r["validation"]) for r in table} == {
            ("0.5", "none, last epoch"), ("0.56", "validation split"),
        }  # fmt: skip
    if kind == "transfer":
        ways = {(r["source"], r["target"], r["method"], r["n"], r["validation"]) for r in table}
        places = {0.5: "none, last epoch", 0.56: "validation split"}
        places |= dict.fromkeys(("short times", "long times"), "validation split")
        assert ways == {
            *((p, p, "source", None, v) for p, v in places.items()),
            *((None, p, "scratch", 1, v) for p, v in places.items()),
            *(
                (a, b, method, 1, places[b])
                for ends, methods in (
                    ((0.5, 0.56), ("frozen", "fine-tuned")),
                    (("short times", "long times"), ("frozen",)),
                )
                for a, b in permutations(ends)
                for method in methods
            ),
        }
        assert {(r["target"], r["time"]) for r in table if r["across"] == "time"} == {
            ("short times", 0.32), ("long times", 1.0),
        }  # fmt: skip


def test_what_chose_the_epoch_is_said(two_temperatures: Path) -> None:
    data = read(two_temperatures)
    assert validating(data, [0.56])[1] == "validation split"
    assert validating(data, [0.5]) == ([], "none, last epoch")
    found, words = validating(data, [0.5, 0.56])
    assert [c.temperature for c in found] == [0.56]
    assert words == "validation split of T = 0.56"


def test_the_same_structure_in_two_splits_is_refused(tmp_path: Path) -> None:
    members = [labelled(0.56, k, None) for k in (0, 1, 2, 1)]
    splits = ("train", "validation", "test", "test")
    entries = [(f"c{k}", c, s) for k, (c, s) in enumerate(zip(members, splits, strict=True))]
    write_store(tmp_path / "data.zarr", entries)
    with pytest.raises(InputError, match="c3: split: the same positions .*validation and test"):
        study("depth", config(tmp_path / "data.zarr"), tmp_path / "study", quick=True)


def test_a_study_goes_on_and_is_reported(two_temperatures: Path, tmp_path: Path) -> None:
    settings = config(f"{two_temperatures}@0.56")
    first = study("depth", settings, tmp_path / "s", quick=True, progress=False)
    (tmp_path / "s" / f"{SE3},layers=2,seed=0" / "result.json").unlink()
    kept = (tmp_path / "s" / f"{SE3},layers=1,seed=0" / "result.json").stat().st_mtime_ns
    again = study("depth", settings, tmp_path / "s", quick=True, progress=False)
    assert (tmp_path / "s" / f"{SE3},layers=1,seed=0" / "result.json").stat().st_mtime_ns == kept

    def scores(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
        return [(r["variant"], r["type"], r["time"], r["rho"]) for r in rows]

    assert scores(first) == scores(again)
    with pytest.raises(InputError, match=r'kind: .*another study.*expected "depth", found "size"'):
        study("size", settings, tmp_path / "s", quick=True, progress=False)
    runner = CliRunner()
    # The training of the first seed is one of the trials of learning rates.
    trial = next((tmp_path / "s").glob("*,layers=1,rate=*/run"))
    for source in (tmp_path / "s", trial):
        page = tmp_path / "page.html"
        done = runner.invoke(app, ["report", str(source), "-o", str(page)])
        assert done.exit_code == 0, done.output
        text = page.read_text()
        assert "layers" in text and "<script" in text
        assert "http-equiv" not in text and 'src="http' not in text
    # What the page of a run says of what it was trained on; it is scored on the test split.
    assert re.search(r"trained on</td><td>0 of the \d+ that it is evaluated on", text)
    assert "nothing known" not in text
    assert "Colour: propensity" in text and "rank within the type" not in text
    done = runner.invoke(app, ["report", str(source), "-o", str(page), "--ranks"])
    assert done.exit_code == 0 and "Colour: mobility rank within the type" in page.read_text()
    with pytest.raises(InputError, match="neither a finished run nor a study"):
        report(tmp_path, tmp_path / "x.html")


def test_refusals(two_temperatures: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such study.*depth.*found breadth"):
        study("breadth", config("ka3d_quickstart"), tmp_path / "a")
    with pytest.raises(InputError, match="needs several temperatures"):
        study("temperature", config("ka3d_quickstart"), tmp_path / "b")
    with pytest.raises(InputError, match="bond_breaking: has no bonds"):
        study("target", config("ka3d_quickstart"), tmp_path / "b")
    assert not (tmp_path / "b").exists()
    other = config("ka3d_quickstart").model_copy(update={"model": MessageConfig(kind="botan")})
    with pytest.raises(InputError, match=r"model\.kind: .*expected se3, found botan"):
        study("depth", other, tmp_path / "b")
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump({"data": {"path": "x"}, "model": {"kind": "botanic"}}))
    done = CliRunner().invoke(app, ["study", "depth", str(file), "-o", str(tmp_path / "d")])
    assert done.exit_code == 2
    assert "unknown kind of model" in done.stderr
    file.write_text(yaml.safe_dump({"data": {"path": str(two_temperatures)}}))
    done = CliRunner().invoke(app, ["study", "depth", str(file), "-o", str(two_temperatures)])
    assert done.exit_code == 2 and "is what is read" in done.stderr


def test_command_line_and_error_follow_from_the_registry() -> None:
    shown = " ".join(CliRunner().invoke(app, ["study", "--help"]).output.split())
    for kind in STUDIES:
        assert kind in shown
    with pytest.raises(InputError, match=", ".join(STUDIES)):
        study("breadth", config("ka3d_quickstart"), "nowhere")


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
    assert {row["variant"] for row in found} == {f"{SE3},layers={n},seed=0" for n in (1, 2)}
    assert (tmp_path / "dask" / "study.csv").is_file()


def test_no_scheduler_is_said(two_temperatures: Path, tmp_path: Path) -> None:
    settings = config(f"{two_temperatures}@0.56")
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        study("depth", settings, tmp_path / "x", quick=True, scheduler="nowhere")
