"""Cross-validation: whole configurations are held out, and only the same folds are continued."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equiglass.data.potential import KOB_ANDERSEN
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.models.storage import load_model
from equiglass.simulation.preparation import Preparation
from equiglass.training.config import TrainConfig
from equiglass.training.cross_validation import cross_validate
from tests.test_training import DATA, make_config
from tests.test_training_effects import other_potential


def stored(folder: Path, **changes: Any) -> TrainConfig:
    """Four configurations in a store, and the settings that learn them."""
    rows = [(f"{k:05d}", c, None) for k, c in enumerate(DATA)]
    write_store(folder / "data.zarr", rows)
    settings = {"data": {"path": str(folder / "data.zarr")}, "optimizer": {"epochs": 1}, **changes}
    return make_config(**settings)


def test_cross_validation_holds_out_whole_configurations(tmp_path: Path) -> None:
    config = stored(tmp_path)
    summary = cross_validate(config, tmp_path / "cv", n_folds=2, progress=False)
    held_out = [name for fold in summary["pearson"][0]["folds"] for name in fold]
    assert sorted(held_out) == [f"{k:05d}" for k in range(len(DATA))]
    for k in (0, 1):
        seen = json.loads((tmp_path / "cv" / f"fold{k}" / "data.json").read_text())["training"]
        assert not {Path(s).name for s in seen} & set(summary["pearson"][0]["folds"][k])
    values = [v for fold in summary["pearson"][0]["folds"] for v in fold.values()]
    assert np.isclose(summary["pearson"][0]["mean"], np.mean(values))
    members = [load_model(tmp_path / "cv" / f"fold{k}").predict(DATA[0]) for k in (0, 1)]
    averaged = load_model(tmp_path / "cv")
    assert np.allclose(averaged.predict(DATA[0]), np.mean(members, axis=0), rtol=1e-5)
    # Finished folds are not trained again.
    weights = (tmp_path / "cv" / "fold0" / "model" / "model.safetensors").stat().st_mtime_ns
    cross_validate(config, tmp_path / "cv", n_folds=2, progress=False)
    after = (tmp_path / "cv" / "fold0" / "model" / "model.safetensors").stat().st_mtime_ns
    assert after == weights
    # A result that was cut off is made again, from the network that is there.
    result = tmp_path / "cv" / "fold1" / "fold.json"
    whole = result.read_text()
    result.write_text(whole[: len(whole) // 2])
    assert cross_validate(config, tmp_path / "cv", n_folds=2, progress=False) == summary
    assert result.read_text() == whole
    card = averaged.card
    assert card.notes["training"]["optimizer"]["epochs"] == 1
    check_refusals(config, tmp_path / "cv")


def check_refusals(config: TrainConfig, folder: Path) -> None:
    """Folds of other settings, number or data are never taken for those that are asked for."""
    before = (folder / "cross_validation.json").read_bytes()
    model = config.model.model_dump()
    for change, said in (
        ({"seed": 5}, "seed 0 → 5"),
        ({"optimizer": {"epochs": 2}}, "optimizer.epochs 1 → 2"),
        ({"model": {**model, "channels": 6}}, "model.channels 4 → 6"),
        ({"precision": "float64"}, "precision float32 → float64"),
    ):
        settings = {**config.model_dump(), **change}
        with pytest.raises(InputError, match=f"settings.json: was begun with other.*{said}"):
            cross_validate(TrainConfig.model_validate(settings), folder, n_folds=2, progress=False)
    with pytest.raises(InputError, match=r"other number of folds \(expected 2, found 4\)"):
        cross_validate(config, folder, n_folds=4, progress=False)
    with pytest.raises(InputError, match="begun with another potential"):
        cross_validate(
            config, folder, n_folds=2, preparation=Preparation(other_potential()), progress=False
        )
    rows = [(f"{k:05d}", c.replace(propensity=2 * c.propensity), None) for k, c in enumerate(DATA)]  # type: ignore[operator]
    other = folder.parent / "other.zarr"
    write_store(other, rows)
    elsewhere = config.model_copy(
        update={"data": config.data.model_copy(update={"path": str(other)})}
    )
    with pytest.raises(InputError, match="begun with other data"):
        cross_validate(elsewhere, folder, n_folds=2, progress=False)
    assert (folder / "cross_validation.json").read_bytes() == before


def test_folds_and_their_average_say_under_which_potential(tmp_path: Path) -> None:
    config = stored(tmp_path, preparation={"potential": "kob-andersen"})
    cross_validate(config, tmp_path / "cv", n_folds=2, n_processes=2, progress=False)
    record = json.loads((tmp_path / "cv" / "fold0" / "preparation.json").read_text())
    assert record == Preparation(KOB_ANDERSEN).record()
    settings = json.loads((tmp_path / "cv" / "settings.json").read_text())
    assert settings["settings"]["preparation"]["potential"] == record["potential"]
    description = json.loads((tmp_path / "cv" / "model" / "model.json").read_text())
    assert description["notes"]["training"]["preparation"]["potential"] == record["potential"]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cv" / "fold0").mkdir(parents=True)
    with pytest.raises(InputError, match="not empty and holds no cross-validation"):
        cross_validate(stored(tmp_path), tmp_path / "cv", n_folds=2, progress=False)
