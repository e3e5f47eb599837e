"""What is resumed is the same run: same settings, data and potential, whole files, one story."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch

from equiglass.commands.models import loaded
from equiglass.data.dataset import Dataset, Entry, from_configurations
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.errors import AssumptionWarning, InputError
from equiglass.simulation.preparation import Preparation
from equiglass.training import run as training_run
from equiglass.training.config import TrainConfig
from tests.test_training import DATA, make_config, train
from tests.test_training_effects import other_potential


class Cut(lightning.Callback):
    """A power cut after this many epochs."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_start(self, trainer: lightning.Trainer, _: object) -> None:
        if trainer.current_epoch == self.epoch:
            raise RuntimeError("power cut")


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[TrainConfig, Path, int], None]:
    """Train until the power goes off."""

    def until(config: TrainConfig, folder: Path, epoch: int) -> None:
        build = training_run.build_trainer

        def interrupted(*arguments: Any, **options: Any) -> lightning.Trainer:
            trainer = build(*arguments, **options)
            trainer.callbacks.append(Cut(epoch))  # type: ignore[attr-defined]
            return trainer

        with monkeypatch.context() as patch:
            patch.setattr(training_run, "build_trainer", interrupted)
            with pytest.raises(RuntimeError, match="power cut"):
                train(config, folder)

    return until


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "logs" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_that_was_moved_keeps_its_best_epoch(
    tmp_path: Path, cut: Callable[[TrainConfig, Path, int], None]
) -> None:
    config = make_config(optimizer={"epochs": 8}, seed=4)
    expected = train(config, tmp_path / "whole")
    best = expected.card.metrics["epoch"]
    assert best < 6, "choose a seed whose best epoch comes before the cut"
    cut(config, tmp_path / "cut", 6)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cut").rename(tmp_path / "elsewhere" / "moved")
    resumed = train(config, tmp_path / "elsewhere" / "moved", resume=True)
    assert resumed.card.metrics == expected.card.metrics
    for p, q in zip(resumed.parameters(), expected.parameters(), strict=True):
        assert torch.equal(p, q)
    # Every epoch is in the log once, as without the cut.
    assert rows_of(tmp_path / "elsewhere" / "moved") == rows_of(tmp_path / "whole")


def test_a_stopped_run_is_a_model(
    tmp_path: Path, cut: Callable[[TrainConfig, Path, int], None]
) -> None:
    """That of its best epoch so far; damage of that is named, and a finished run is its own."""
    cut(make_config(preparation={"potential": "kob-andersen"}), tmp_path / "run", 2)
    with pytest.warns(AssumptionWarning, match=r"not finished; .* epoch [01], the best so far"):
        model = loaded(tmp_path / "run")
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    kept = torch.load(best, weights_only=True)["state_dict"]
    state = model.state_dict()
    assert {f"model.{name}" for name in state} <= set(kept)
    assert all(torch.equal(kept[f"model.{name}"], tensor) for name, tensor in state.items())
    assert np.isfinite(model.predict(DATA[0])).all()
    assert model.potential is not None and model.potential.same_as(KOB_ANDERSEN)
    best.write_bytes(best.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"best.ckpt: damaged checkpoint"):
        loaded(tmp_path / "run")


def test_rows_of_an_epoch_that_was_cut_off_are_not_kept(
    tmp_path: Path, cut: Callable[[TrainConfig, Path, int], None]
) -> None:
    cut(make_config(), tmp_path / "run", 2)
    log = tmp_path / "run" / "logs" / "metrics.csv"
    kept = log.read_text()
    header = kept.splitlines()[0].split(",")
    torn = ",".join("2" if name == "epoch" else "9.0" for name in header)
    log.write_text(f"{kept}{torn}\n{torn[:2]}")
    train(make_config(), tmp_path / "run", resume=True)
    assert log.read_text().startswith(kept)
    assert [r["epoch"] for r in rows_of(tmp_path / "run") if r["loss"]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 5}, "seed 0 → 5"),
        ({"optimizer": {"epochs": 9}}, "optimizer.epochs 1 → 9"),
        (
            {"data": {"path": "made up", "validation_fraction": 0.5}},
            "validation_fraction 0.25 → 0.5",
        ),
    ],
)
def test_other_settings_do_not_resume(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    train(make_config(optimizer={"epochs": 1}), tmp_path / "run")
    changed = {"optimizer": {"epochs": 1}, **change}
    with pytest.raises(InputError, match=f"begun with other settings: .*{said}"):
        train(make_config(**changed), tmp_path / "run", resume=True)


def test_other_data_do_not_resume(tmp_path: Path) -> None:
    config, run = make_config(optimizer={"epochs": 1}), tmp_path / "run"
    train(config, run)
    before = (run / "data.json").read_text()
    changed = list(DATA)
    assert changed[0].propensity is not None
    changed = [c.replace(propensity=1.01 * c.propensity) for c in changed]  # type: ignore[operator]
    with pytest.raises(InputError, match=r"data.json: was begun with other training data"):
        training_run.train(
            config, run, data=from_configurations(changed), resume=True, progress=False
        )
    moved = [c.replace(inherent_energy=c.inherent_energy + 0.1) for c in DATA]  # type: ignore[operator]
    with pytest.raises(InputError, match=r"data.json: was begun with other inherent structures"):
        training_run.train(
            config, run, data=from_configurations(moved), resume=True, progress=False
        )
    assert (run / "data.json").read_text() == before
    # Where they lie does not matter.
    moved = config.model_copy(update={"data": config.data.model_copy(update={"path": "moved"})})
    train(moved, run, resume=True)


def test_damaged_files_of_a_run_are_named(
    tmp_path: Path, cut: Callable[[TrainConfig, Path, int], None]
) -> None:
    run = tmp_path / "run"
    cut(make_config(), run, 2)
    for name, size in (
        ("checkpoints/last.ckpt", 1000),
        ("checkpoints/last.ckpt", 0),
        ("config.yaml", 30),
        ("config.yaml", 0),
        ("data.json", 40),
    ):
        whole = (run / name).read_bytes()
        (run / name).write_bytes(whole[:size])
        with pytest.raises(InputError) as caught:
            train(make_config(), run, resume=True)
        assert name in str(caught.value) and "\n" not in str(caught.value)
        (run / name).write_bytes(whole)
    train(make_config(), run, resume=True)


def test_training_that_diverges_is_an_error(tmp_path: Path) -> None:
    config = make_config(optimizer={"epochs": 4, "learning_rate": 1e12})
    with pytest.raises(InputError, match=r"diverged in epoch \d.*lower optimizer.learning_rate"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()


def test_json_has_no_numbers_that_are_not_finite(tmp_path: Path) -> None:
    """Held-out labels that are not known: no correlation, and the last epoch is kept."""
    unknown = DATA[3].replace(propensity=np.full_like(DATA[3].propensity, np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = training_run.train(
            make_config(),
            tmp_path / "run",
            data=from_configurations(list(DATA)[:3]),
            validation=from_configurations([unknown]),
            progress=False,
        )
    text = (tmp_path / "run" / "metrics.json").read_text()
    assert "Infinity" not in text and "NaN" not in text
    metrics = json.loads(text)
    assert metrics == model.card.metrics
    assert (metrics["validation_rho"], metrics["epoch"]) == (None, 3)
    assert metrics["validation"] == "correlation not defined, last epoch"


def test_without_validation_the_last_epoch_is_kept_and_said(tmp_path: Path) -> None:
    config = make_config(data={"path": "made up", "validation_fraction": 0.0})
    metrics = train(config, tmp_path / "run").card.metrics
    assert (metrics["validation"], metrics["epoch"]) == ("none, last epoch", 3)
    assert train(make_config(), tmp_path / "other").card.metrics["validation"] == "best epoch"


def test_test_configurations_are_not_trained_on(tmp_path: Path) -> None:
    """A data set that brings a test split, and no training split by name."""
    splits = (None, None, "test", "validation")
    entries = tuple(
        Entry(str(k), "memory", lambda c=c: c, split)  # type: ignore[misc]
        for k, (c, split) in enumerate(zip(DATA, splits, strict=True))
    )
    config = make_config(optimizer={"epochs": 1})
    training_run.train(config, tmp_path / "run", data=Dataset("made up", entries), progress=False)
    described = json.loads((tmp_path / "run" / "data.json").read_text())
    assert (described["training"], described["validation"]) == (["0", "1"], ["3"])
    with pytest.raises(InputError, match="no training split.*validation, test"):
        training_run.train(
            config, tmp_path / "none", data=Dataset("made up", entries[2:]), progress=False
        )


def test_another_potential_of_the_same_name_does_not_resume(tmp_path: Path) -> None:
    run, short = tmp_path / "run", {"epochs": 1}
    train(make_config(optimizer=short, preparation={"potential": "kob-andersen"}), run)
    content = other_potential().model_dump(mode="json")
    changed = make_config(optimizer=short, preparation={"potential": content})
    for config, given in (
        (changed, None),
        (make_config(optimizer=short), Preparation(other_potential())),
    ):
        with pytest.raises(InputError, match="begun with another potential.*found kob-andersen: "):
            train(config, run, resume=True, preparation=given)
    # The same under another name is the same.
    renamed = KOB_ANDERSEN.model_copy(update={"name": "ka"})
    train(make_config(optimizer=short), run, resume=True, preparation=Preparation(renamed))
