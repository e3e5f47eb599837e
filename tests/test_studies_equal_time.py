"""Epochs that take each network as long: how they are counted, and that they are chosen once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.studies.equal_time import MOST, as_long
from equiglass.studies.equivariance import TWIN
from equiglass.studies.run import study
from equiglass.written import make_folder, read_json, write_json
from tests.test_studies import SPLITS, config, labelled


def test_epochs_take_each_as_long() -> None:
    # What stands before the first epoch, and an epoch; scatter only adds to the least.
    costs = {"slow": (2.0, 4.0), "quick": (1.0, 2.0), "slower": (2.0, 7.0), "slowest": (9.0, 90.0)}
    times = {
        name: [[b + e + more, b + 3 * e + 2 * more] for more in (0.5, 0.0)]
        for name, (b, e) in costs.items()
    }
    chosen = as_long(times, "slow", 5)
    # 22 core seconds: 1 + 2 n, 2 + 7 n.
    assert chosen == {"slow": 5, "quick": 11, "slower": 3, "slowest": 1}
    for name in ("quick", "slower", "slowest"):
        before, each = costs[name]
        assert before + each * chosen[name] >= 22


def test_odd_times_choose_within_limits() -> None:
    """Times that scatter so that no cost of an epoch follows, and a network far quicker."""
    times = {"a": [[2.0, 6.0]], "even": [[2.0, 2.0]], "falling": [[3.0, 2.0]], "b": [[1e-6, 3e-6]]}
    # All of "even" and "falling" is counted as of epochs.
    assert as_long(times, "a", 4) == {"a": 4, "even": 12, "falling": 12, "b": 4 * MOST}
    for reference in times:
        assert as_long(times, reference, 3)[reference] == 3


def test_epochs_are_chosen_once_and_trained(tmp_path: Path) -> None:
    entries = [(f"c{k}", labelled(0.56, k, None), split) for k, split in enumerate(SPLITS)]
    write_store(tmp_path / "data.zarr", entries)
    folder, settings = tmp_path / "study", config(tmp_path / "data.zarr")
    model = settings.model.model_copy(update={"l_max": 0})
    settings = settings.model_copy(update={"model": model})
    # As a study leaves it that was stopped after the timing; another timing would choose others.
    file = folder / "timing" / "epochs.json"
    chosen = {"l_max=0": 3, TWIN: 1}
    write_json(make_folder(file.parent) / file.name, {"epochs": chosen})
    rows = study("equal-time", settings, folder, quick=True, progress=False)
    assert read_json(file) == {"epochs": chosen}
    assert {r["network"]: r["epochs"] for r in rows} == chosen
    runs = {p.parent.parent.name: p for p in folder.glob("*/run/config.yaml")}
    assert len(runs) == 2 * 2  # two learning rates; that of the first seed is one of these
    for name, run in runs.items():
        trained = yaml.safe_load(run.read_text())["optimizer"]["epochs"]
        assert trained == chosen[name.split(",")[0]], name
    # A training that was begun with other epochs is not gone on with.
    (folder / "l_max=0,rate=0.003" / "result.json").unlink()
    write_json(file, {"epochs": chosen | {"l_max=0": 4}})
    with pytest.raises(InputError, match="epochs"):
        study("equal-time", settings, folder, quick=True, progress=False)
