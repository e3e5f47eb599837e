"""The learning rates that a study tries, and going on with more of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from equiglass.cli.main import app
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.studies.base import Row
from equiglass.studies.grid import read_rows
from equiglass.studies.networks import RIDGE
from equiglass.studies.rates import QUICK_RATES, RATES, rates_of
from equiglass.studies.record import begin, read_record
from equiglass.studies.registry import study_of
from equiglass.studies.run import study
from equiglass.training.config import TrainConfig
from equiglass.training.folder import CONFIG
from equiglass.yaml_config import load_yaml
from tests.test_studies import SPLITS, config, labelled

HARDLY, BETTER, WELL = 1e-7, 0.003, 0.03


@pytest.mark.parametrize(
    ("kind", "asked", "message"),
    [
        ("size", [0.1], "learning_rates: the study size chooses no learning rate"),
        ("depth", [], "learning_rates: not learning rates"),
        ("depth", [0.1, 0.0], r"expected numbers above 0.*found \[0.1, 0.0\]"),
        ("depth", [float("inf")], "not learning rates"),
        ("depth", [1e13], "not learning rates"),  # as in a configuration file
        ("depth", ["a"], "not learning rates"),
        ("depth", [0.12345678], "of at most six digits"),
    ],
)
def test_what_is_no_learning_rate_is_refused(kind: str, asked: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rates_of(study_of(kind), asked, quick=False)


def test_rates_rise_and_those_of_the_folder_go_on() -> None:
    depth = study_of("depth")
    assert rates_of(depth, [0.1, 1e-4, 0.1], quick=True) == (1e-4, 0.1)
    assert rates_of(depth, None, quick=False) == RATES
    assert rates_of(depth, None, quick=True) == QUICK_RATES
    assert rates_of(depth, None, quick=True, stored=recorded([0.2])) == (0.2,)
    other = recorded([0.2]) | {"kind": "rivals"}  # whose folder is refused later
    assert rates_of(depth, None, quick=False, stored=other) == RATES
    with pytest.raises(InputError, match="not learning rates"):
        rates_of(depth, None, quick=True, stored=recorded(["x"]))  # type: ignore[list-item]


def test_a_rate_that_is_no_number_is_named(tmp_path: Path) -> None:
    command = ["study", "depth", "ka3d_t044", "-o", str(tmp_path / "study"), "--rates", "0.1,x"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    assert "--rates: numbers were expected" in result.output


def recorded(rates: list[float], seeds: tuple[int, ...] = (0, 1)) -> dict[str, Any]:
    fixed = {"seeds": list(seeds), "learning_rates": rates}
    return {"kind": "depth", "quick": False, "fixed": fixed}


def test_a_record_takes_further_rates_and_nothing_else(tmp_path: Path) -> None:
    begin(tmp_path, recorded([0.01, 0.1]))
    begin(tmp_path, recorded([0.001, 0.01, 0.1]))
    assert read_record(tmp_path) == recorded([0.001, 0.01, 0.1])
    for other in (
        recorded([0.01, 0.1]),  # fewer: the table would lack what the folder holds
        recorded([0.001, 0.1, 0.3, 1.0]),
        recorded([0.001, 0.01, 0.1, 0.3], seeds=(0,)),
    ):
        with pytest.raises(InputError, match="holds another study, or other settings"):
            begin(tmp_path, other)
        assert read_record(tmp_path) == recorded([0.001, 0.01, 0.1])


def consistent(rows: list[Row], folder: Path) -> None:
    """Every row is of the best of all trials, and of a network that was trained at its rate."""
    for row in rows:
        # At several temperatures one chooses for all.
        network = row["network"] if "trained_at" in row else row["variant"].rpartition(",")[0]
        trials = [json.loads(p.read_text()) for p in folder.glob(f"{network},rate=*/trial.json")]
        best = max(trials, key=lambda t: (t["validation_rho"], t["learning_rate"]))
        assert row["learning_rate"] == best["learning_rate"]
        assert row["learning_rates_tried"] == " ".join(
            f"{t['learning_rate']:g}" for t in sorted(trials, key=lambda t: t["learning_rate"])
        )
        spent = sum(t["core_seconds"] for t in trials)
        assert row["tuning_core_seconds"] == pytest.approx(spent)
        assert row["validation_rho"] is not None
        if row["seed"] or str(row.get("trained_at")) != str(row.get("tuned_at")):
            runs = (folder / row["variant"]).glob(f"**/run/{CONFIG}")
            trained = [load_yaml(run, TrainConfig).optimizer.learning_rate for run in runs]
            assert best["learning_rate"] in trained and len(set(trained)) == len(trained)


@pytest.mark.parametrize("kind", ["depth", "temperature", "equal-time"])
def test_further_rates_leave_what_is_still_the_best(kind: str, tmp_path: Path) -> None:
    store, folder = tmp_path / "data.zarr", tmp_path / "study"
    temperatures = (0.5, 0.56) if kind == "temperature" else (0.56,)
    entries = [
        (f"{t}-{k}", labelled(t, k, None), s) for t in temperatures for k, s in enumerate(SPLITS)
    ]
    write_store(store, entries)

    def rows(*rates: float) -> list[Row]:
        found = study(
            kind, config(store), folder, quick=True, seeds=2, learning_rates=rates or None,
            networks=["se3", "ridge"] if kind == "temperature" else None, progress=False,
        )  # fmt: skip
        consistent([row for row in found if row.get("network") != RIDGE], folder)
        return found

    def let_trials_end_at(rho: float) -> None:
        for file in folder.glob("*/trial.json"):
            file.write_text(json.dumps(json.loads(file.read_text()) | {"validation_rho": rho}))

    def kept() -> dict[Path, int]:
        patterns = ("*/trial.json", "*seed=1/run/model/*", "timing/*", "ridge*/*")
        return {p: p.stat().st_mtime_ns for each in patterns for p in folder.glob(each)}

    if kind == "depth":
        file, settings = tmp_path / "depth.yaml", config(store).model_dump(mode="json")
        file.write_text(yaml.safe_dump(settings))
        asked = ["--quick", "--seeds", "2", "--rates", f"{HARDLY}"]
        result = CliRunner().invoke(app, ["study", kind, str(file), "-o", str(folder), *asked])
        assert result.exit_code == 0, result.output
        first = read_rows(folder / "study.json")
        consistent(first, folder)
    else:
        first = rows(HARDLY)
    let_trials_end_at(1.0)  # Above whatever the further one ends at.
    before = kept()
    assert len(before) > 2
    second = rows(HARDLY, WELL)
    assert {p: t for p, t in kept().items() if p in before} == before
    new = ("learning_rates_tried", "tuning_core_seconds")
    for a, b in zip(first, second, strict=True):
        assert b["learning_rate"] in (HARDLY, None)
        assert b["learning_rates_tried"] in ("1e-07 0.03", None)
        assert {k: v for k, v in a.items() if k not in new} == {
            k: v for k, v in b.items() if k not in new
        }

    let_trials_end_at(-1.0)
    third = rows(HARDLY, BETTER, WELL)
    for a, b in zip(second, third, strict=True):
        if b.get("network") != RIDGE:
            assert b["learning_rate"] == BETTER
            assert b["core_seconds"] > 0 and a["rho"] != b["rho"]
    assert {p: t for p, t in kept().items() if p in before}.keys() == before.keys()

    # A result that was cut off is made again, from the network that is there.
    for damaged in folder.glob("*seed=1/result.json"):
        damaged.write_text(damaged.read_text()[:-9])
    again = rows()
    assert [row["rho"] for row in again] == [row["rho"] for row in third]
    with pytest.raises(InputError, match="fixed.learning_rates"):
        rows(WELL)
