"""``equiglass train``: from a configuration file to a run folder with a model in it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch

from ..data.dataset import Dataset
from ..data.grids import on_grid
from ..data.held import Budget
from ..evaluation.score import score
from ..locks import only_writer
from ..memory import kept_freed_memory
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import network_class
from ..models.transfer import take_weights
from ..simulation.preparation import Preparation
from ..written import naming, write_json
from . import potential, processes
from .config import TrainConfig
from .data import GlassData
from .folder import (
    BEST,
    CHECKPOINTS,
    CONFIG,
    LAST,
    METRICS,
    check_data,
    check_folder,
    check_potential,
    describe_run,
    finished_epochs,
    read_checkpoint,
    save_model,
    seconds_of,
)
from .global_state import interruptible, left_as_found, quiet
from .material import GIGABYTE, SHARES, TrainingData, load_data, spill_folder
from .module import PropensityTask, diverged
from .prepare import inputs_of, new_model, training_and_validation
from .samples import prepare, samples_of
from .solving import drawn, solve
from .trainer import build_trainer, checkpoints

MATMUL_PRECISION = {"tf32": "high"}


@only_writer("run", unless=lambda: processes.rank() > 0)
def train(
    config: TrainConfig,
    run: str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    validation: Dataset | None = None,
    resume: bool = False,
    preparation: Preparation | None = None,
    progress: bool = True,
    start: PropensityModel | None = None,
    accelerator: str = "auto",
) -> PropensityModel:
    """Train a model; everything about the run is kept in one folder.

    The folder holds ``config.yaml``, ``data.json`` (fingerprints and splits), ``preparation.json``
    (under which potential what the data lacked was made, where that is known), ``weights.json``
    (how noisy labels are, and the weights that follow), ``versions.json``, ``logs/`` (CSV and
    TensorBoard), ``checkpoints/`` and, at the end, ``model/`` and ``metrics.json``. Under
    ``torchrun`` all processes train one model together. Random states, environment and settings of
    PyTorch are afterwards what they were before.

    Parameters
    ----------
    run
        The run folder; it must not exist, unless ``resume``.
    data, validation
        Data sets to use instead of those the configuration names.
    resume
        Continue after the last finished epoch, exactly as if the run had not stopped.
    preparation
        How what the data lack is made. Its potential, that of the settings and the one that the
        data record must be one; where none is named it is that of the data.
    start
        A model of the same settings whose weights are trained on, instead of new ones; its times
        may be others.
    accelerator
        ``auto`` (a GPU where there is one), ``cpu`` or ``gpu``.

    Raises
    ------
    InputError
        If the folder is in use, also by another process, or belongs to other settings, potential
        or data, if the data do not fit, or if training diverges.
    """
    folder = Path(run)
    begun = check_folder(folder, config, resume)
    progress = progress and processes.rank() == 0
    how = potential.asked(config, preparation, begun, progress=progress)
    with processes.together(accelerator), left_as_found(), kept_freed_memory():
        training, held_out, trajectories = training_and_validation(config, data, validation)
        spilled = spill_folder(folder)
        material = load_data(
            config, training, held_out, folder=spilled, trajectories=trajectories,
            potential=how.potential,
        )  # fmt: skip
        fields = config.model.inputs.required_fields
        how = potential.settled(how, material.all, fields)
        config = potential.recorded(config, how)
        if begun is not None:
            check_potential(begun, config, folder / CONFIG)
            check_data(folder, material.description)
        lightning.seed_everything(config.seed, verbose=False)
        torch.set_float32_matmul_precision(MATMUL_PRECISION.get(config.precision, "highest"))
        limit = config.data.memory * GIGABYTE
        is_solved = network_class(config.model).solved
        chosen = drawn(material, config) if is_solved else None
        material = material.completed(how, fields, limit, spilled, chosen)
        clock = time.perf_counter() - seconds_of(folder)
        model = new_model(config, material, name=folder.name)
        if start is not None:
            take_weights(model, start)
        counts = {
            "training_configurations": len(material.learned),
            "validation_configurations": len(material.held_out),
        }
        if is_solved:
            solved, record, choices = solve(model, material, config)
            inputs: Iterable[ModelInput] = solved
            describe_run(folder, config, material.description, how, record)
            metrics = {**_solved_metrics(model, material), **counts, **choices}
        else:
            samples = _samples(model, config, material)
            record = material.noise.record(c.n_trajectories for c in material.labels)
            describe_run(folder, config, material.description, how, record)
            try:
                fitted = _fit(
                    model, config, folder, samples, progress=progress, accelerator=accelerator
                )
            finally:
                samples.close()
            metrics = {**fitted, **counts}
            made = samples.training
            inputs = (made[k].inputs for k in range(len(material.learned)))
        # With those before a resume; apart from the metrics, which every machine reproduces.
        notes = {"training_seconds": round(time.perf_counter() - clock, 1)}
        save_model(
            model, folder, config, metrics, notes, preparation=how, learned=material.learned,
            inputs=inputs, start=start,
        )  # fmt: skip
        if processes.rank() == 0:
            write_json(folder / METRICS, metrics)
        processes.wait()
        return model


def _samples(model: PropensityModel, config: TrainConfig, material: TrainingData) -> GlassData:
    """The samples of a run; those whose statistics the model takes are made at once."""
    budget = Budget(SHARES["samples"] * config.data.memory * GIGABYTE)
    dtype = model.target_mean.dtype

    @cache
    def weights(n: int | None) -> torch.Tensor:
        return torch.from_numpy(material.noise.weights(n)).to(dtype)

    training = samples_of(model, material.labels, weights, budget)
    for k, read in inputs_of(model, material.learned, shared=True):
        c = material.learned[k]
        training.keep(k, prepare(model, c, weights(c.n_trajectories), read))
    return GlassData(
        training,
        samples_of(model, material.held_out, None, budget),
        n_labelled=len(material.learned),
        batch_size=config.optimizer.batch_size,
        reversed_per_epoch=config.data.reversed_per_configuration * material.turned,
        seed=config.seed,
    )


def _solved_metrics(model: PropensityModel, material: TrainingData) -> dict[str, Any]:
    """Validation of a model that was solved, not iterated."""
    rho = None
    if len(material.held_out):
        held_out = [on_grid(c, model.times) for c in material.held_out]
        evaluation = score(
            model.eval().predict,
            model.times,
            held_out,
            model=model.card.name,
            data="",
            target=model.card.target,
        )
        values = [v for s in evaluation.of_type("A") for v in s.per_configuration]
        rho = _finite(float(np.nanmean(values)))
    chosen = "of the one solution" if len(material.held_out) else "none, one solution"
    return {"validation_rho": rho, "epoch": 0, "validation": chosen}


def _fit(
    model: PropensityModel,
    config: TrainConfig,
    folder: Path,
    samples: GlassData,
    *,
    progress: bool,
    accelerator: str,
) -> dict[str, Any]:
    """Train ``model``, from the last checkpoint where there is one, and give it the chosen weights.

    The best epoch by validation; the last where there is none, or where its correlation was never
    a number. Which, is part of the metrics that are returned.
    """
    last = folder / CHECKPOINTS / LAST
    steps = -(-len(samples.sampler) // config.optimizer.batch_size) * config.optimizer.epochs
    task = PropensityTask(model, config.optimizer, steps)
    best, every = checkpoints(folder)
    n_epochs_done = finished_epochs(folder)
    with quiet():
        trainer = build_trainer(
            config,
            folder,
            [best, every] if samples.validates else [every],
            validates=samples.validates,
            progress=progress,
            accelerator=accelerator,
            n_epochs_done=n_epochs_done,
        )
        with naming(folder), interruptible():
            trainer.fit(task, samples, ckpt_path=last if n_epochs_done else None, weights_only=True)
    reached = best.best_model_score
    rho = None if reached is None else _finite(float(reached))
    state = read_checkpoint(last if rho is None else folder / CHECKPOINTS / BEST)
    task.load_state_dict(state["state_dict"])
    if task.averaged is not None:
        model.load_state_dict(task.averaged.model.state_dict())
    epoch = int(state["epoch"])
    if not all(torch.isfinite(p).all() for p in model.parameters()):
        raise diverged(epoch + 1)
    chosen = "best epoch" if rho is not None else "none, last epoch"
    if rho is None and samples.validates:
        chosen = "correlation not defined, last epoch"
    return {"validation_rho": rho, "epoch": epoch, "validation": chosen}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
