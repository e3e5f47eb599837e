"""How many networks of each kind a study trains."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from equiglass.data.dataset import Dataset
from equiglass.data.entry import Entry
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.simulation.preparation import Preparation
from equiglass.studies.base import Plan
from equiglass.studies.record import begin, read_record
from equiglass.studies.registry import STUDIES
from equiglass.studies.run import study
from tests.conftest import make_complete
from tests.test_studies import SPLITS, TAU_ALPHA, config, labelled


def recorded(seeds: list[int], kind: str = "depth", quick: bool = False) -> dict[str, Any]:
    return {"kind": kind, "quick": quick, "fixed": {"seeds": seeds}, "config": {"seed": 0}}


def test_a_record_takes_further_seeds_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    begin(folder, recorded([0, 1, 2]))
    begin(folder, recorded([0, 1, 2, 3]))
    assert read_record(folder) == recorded([0, 1, 2, 3])
    for other in (
        recorded([0, 1, 2]),  # fewer: the table would lack what the folder holds
        recorded([0, 2, 1, 3, 4]),
        recorded([0, 1, 2, 3, 4], kind="labels"),
        recorded([0, 1, 2, 3, 4], quick=True),
    ):
        with pytest.raises(InputError, match="holds another study, or other settings"):
            begin(folder, other)
        assert read_record(folder) == recorded([0, 1, 2, 3])


@pytest.mark.parametrize("damaged", [None, [0, 1], "0", {"seeds": "0"}, {"seeds": {"0": 1}}])
def test_a_damaged_record_is_refused_in_one_line(damaged: Any, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(json.dumps(recorded([0]) | {"fixed": damaged}))
    with pytest.raises(InputError, match=r"record does not say this|other settings") as caught:
        begin(tmp_path, recorded([0, 1, 2]))
    assert "\n" not in str(caught.value)


def test_further_seeds_leave_those_that_are_there(tmp_path: Path) -> None:
    store, folder = tmp_path / "data.zarr", tmp_path / "study"
    splits = ("train", "validation", "test")
    members = [make_complete(120, seed=k) for k in range(3)]
    write_store(store, list(zip(splits, members, splits, strict=True)))

    def seeds(number: int) -> set[int]:
        rows = study("depth", config(store), folder, quick=True, seeds=number, progress=False)
        return {row["seed"] for row in rows}

    assert seeds(1) == {0}
    first = {p: p.read_bytes() for p in folder.glob("*seed=0/result.json")}
    when = {p: p.stat().st_mtime_ns for p in first}
    assert len(first) == 2 and seeds(2) == {0, 1}
    assert {p: p.read_bytes() for p in first} == first
    assert {p: p.stat().st_mtime_ns for p in first} == when
    assert json.loads((folder / "record.json").read_text())["fixed"]["seeds"] == [0, 1]
    for number, kind, message in ((0, "depth", "seeds: too few"), (2, "size", "has one seed")):
        with pytest.raises(InputError, match=message):
            study(kind, config(store), tmp_path / "other", seeds=number)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("kind", [kind for kind, s in STUDIES.items() if "seeds" in s.fixed])
def test_each_study_has_the_seeds_that_are_asked_for(kind: str, tmp_path: Path) -> None:
    """Those that a record names are trained, and no others."""
    entries = [
        Entry(f"{t}-{k}", "memory", partial(labelled, t, k, None), split)
        for t in (TAU_ALPHA if "definition" in STUDIES[kind].columns else (0.56,))
        for k, split in enumerate(SPLITS)
    ]
    data, networks = Dataset("memory", tuple(entries)), STUDIES[kind].networks[:1]
    plan = Plan(
        config("memory"), data, tmp_path, True, Preparation(), networks, (0, 1, 2, 3), (0.1,)
    )
    stages = STUDIES[kind].stages(plan)
    found = [cell.columns.get("seed") for cells in stages for cell in cells]
    assert {seed for seed in found if seed is not None} == {0, 1, 2, 3}
