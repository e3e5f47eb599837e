"""The record of a study: a folder is gone on with for the same, refused for other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.contents import contents
from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.simulation.preparation import Preparation
from equiglass.studies.networks import SHARES
from equiglass.studies.rates import QUICK_RATES
from equiglass.studies.record import read_record
from equiglass.studies.run import study
from equiglass.training.config import TrainConfig
from tests.conftest import make_complete
from tests.test_studies import config


def test_a_folder_is_kept_for_what_it_was_begun_with(tmp_path: Path) -> None:
    """Other settings, data or potential are refused, and the key that differs is named."""
    store, folder = tmp_path / "data.zarr", tmp_path / "study"
    splits = ("train", "validation", "test")
    members = [make_complete(120, seed=k, potential=None) for k in range(3)]
    write_store(store, list(zip(splits, members, splits, strict=True)))
    settings = config(store)
    folder.mkdir()
    record = {"kind": "depth", "quick": True, "config": settings.model_dump(mode="json")}
    record["config"]["optimizer"]["epochs"] = 2  # type: ignore[index]
    record["fixed"] = {"seeds": [0], "learning_rates": list(QUICK_RATES), "epochs": SHARES}
    record["networks"] = ["se3"]
    record["data"] = {
        "source": str(store), "fingerprint": read(store).fingerprint(),
        "contents": contents(read(store)), "splits": {name: [f"{store}/{name}"] for name in splits},
    }  # fmt: skip
    record["preparation"] = None
    (folder / "record.json").write_text(json.dumps(record))

    def again(**changes: object) -> None:
        asked = TrainConfig.model_validate(settings.model_dump() | {"seed": changes.pop("seed", 0)})
        study("depth", asked, folder, quick=True, progress=False, **changes)  # type: ignore[arg-type]

    with pytest.raises(InputError, match=r"study: config.seed: .*expected 0, found 3"):
        again(seed=3)
    with pytest.raises(InputError, match=r"preparation: .*expected null.*kob-andersen"):
        again(preparation=Preparation(KOB_ANDERSEN))
    record["preparation"] = Preparation(KOB_ANDERSEN).record()
    (folder / "record.json").write_text(json.dumps(record))
    hotter = KOB_ANDERSEN.model_copy(update={"masses": [1.0, 2.0]})
    with pytest.raises(InputError, match=r"preparation.potential.masses: .*\[1.0, 2.0\]"):
        again(preparation=Preparation(hotter))
    how, whole = Preparation(KOB_ANDERSEN), members[0]

    def other_data(first: Configuration, names: tuple[str, ...] = splits) -> None:
        shutil.rmtree(store)
        write_store(store, list(zip(splits, [first, *members[1:]], names, strict=True)))

    other_data(whole.replace(propensity=whole.propensity + 0.1))  # type: ignore[operator]
    with pytest.raises(InputError, match="data.fingerprint: "):
        again(preparation=how)
    # The same snapshots and labels, of another temperature, or with other inherent structures.
    for change in ({"temperature": 0.3}, {"inherent_energy": whole.thermal_energy}):
        other_data(whole.replace(**change))
        with pytest.raises(InputError, match="data.contents: "):
            again(preparation=how)
    other_data(whole, ("test", "validation", "train"))
    with pytest.raises(InputError, match="data.splits.train: "):
        again(preparation=how)
    other_data(whole)
    for part, key in (("data", "contents"), (None, "fixed")):
        older = json.loads(json.dumps(record))
        del (older if part is None else older[part])[key]
        (folder / "record.json").write_text(json.dumps(older))
        with pytest.raises(InputError, match=f"{key}: its record does not say this"):
            again(preparation=how)
    older["fixed"] = {"seeds": [1, 2]}
    (folder / "record.json").write_text(json.dumps(older))
    with pytest.raises(InputError, match=r"fixed.seeds: .*expected \[1, 2\], found \[0\]"):
        again(preparation=how)
    (folder / "record.json").write_text(json.dumps(record))
    assert read_record(folder) == record
    assert sorted(p.name for p in folder.iterdir()) == ["record.json"]
    (folder / "record.json").unlink()
    (folder / "layers=1,seed=0").mkdir()
    (folder / "layers=1,seed=0" / "result.json").write_text("[]")
    with pytest.raises(InputError, match="holds results without a record"):
        again()
