"""``equiglass train``: from a configuration file to a run folder with a model in it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import lightning
import torch

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..data.potential import POTENTIALS, Potential
from ..data.reversal import reversed_configurations
from ..memory import keep_freed_memory
from ..models.propensity import PropensityModel
from ..models.registry import network_class
from ..simulation.complete import complete
from . import processes
from .config import TrainConfig
from .data import GlassData, prepare
from .folder import LAST, check_folder, describe_run, save_model
from .module import PropensityTask
from .prepare import check_uniform, labelled, new_model, take_weights, training_and_validation
from .solved import train_solved
from .trainer import build_trainer, checkpoints, quiet


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
    accelerator: str = "auto",
) -> PropensityModel:
    """Train a model; everything about the run is kept in one folder.

    The folder holds ``config.yaml``, ``data.json`` (fingerprint and splits), ``versions.json``,
    ``logs/`` (CSV and TensorBoard), ``checkpoints/`` and, at the end, ``model/`` and
    ``metrics.json``. Under ``torchrun`` all processes train one model together.

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
    accelerator
        ``auto`` (a GPU where there is one), ``cpu`` or ``gpu``.

    Raises
    ------
    InputError
        If the folder is in use, or belongs to other settings, or the data do not fit.
    """
    folder = Path(run)
    check_folder(folder, config, resume)
    progress = progress and processes.rank() == 0
    with processes.together(accelerator):
        training, validating = training_and_validation(config, data, validation)
        lightning.seed_everything(config.seed, verbose=False)
        keep_freed_memory()

        def filled(configurations: Sequence[Configuration]) -> list[Configuration]:
            def made(part: Sequence[Configuration]) -> list[Configuration]:
                return complete(
                    part,
                    config.model.inputs.required_fields,
                    quench_missing=quench_missing,
                    potential=potential,
                    cache=cache,
                    progress=progress,
                )

            if processes.world_size() > 1:
                # Each makes its share, which all then find in the cache.
                made(processes.share(configurations))
                processes.wait()
            return made(configurations)

        learned = labelled(training)
        held_out = [c.replace(end_positions=None) for c in labelled(validating)]
        # Before any quench: what cannot be trained on together is found at once.
        check_uniform([*learned, *held_out])
        reversed_list: list[Configuration] = []
        if config.data.reversed_per_configuration:
            reversed_list = [r for c in learned for r in reversed_configurations(c)]
        # The heavy arrays of end positions are not needed any more.
        learned = filled([c.replace(end_positions=None) for c in learned])
        reversed_list = filled(reversed_list)
        held_out = filled(held_out)
        if network_class(config.model).solved:
            return train_solved(config, folder, learned, held_out, training, validating)

        begun = time.perf_counter()
        model = new_model(config, learned, name=folder.name)
        if start is not None:
            take_weights(model, start)
        samples = GlassData(
            [prepare(model, c) for c in learned],
            [prepare(model, c, config.data.reversed_weight) for c in reversed_list],
            [prepare(model, c) for c in held_out],
            batch_size=config.optimizer.batch_size,
            reversed_per_configuration=config.data.reversed_per_configuration,
            seed=config.seed,
        )
        describe_run(folder, config, training, validating)
        epoch, reached = _fit(model, config, folder, samples, resume, progress, accelerator)
        metrics = {
            "validation_rho": reached,
            "epoch": epoch,
            "training_configurations": len(learned),
            "validation_configurations": len(held_out),
        }
        save_model(model, config, folder, metrics, time.perf_counter() - begun)
        processes.wait()
        return model


def _fit(
    model: PropensityModel,
    config: TrainConfig,
    folder: Path,
    samples: GlassData,
    resume: bool,
    progress: bool,
    accelerator: str,
) -> tuple[int, float | None]:
    """Train ``model``; returns the chosen epoch and its validation correlation."""
    last = folder / "checkpoints" / LAST
    steps = -(-len(samples.sampler) // config.optimizer.batch_size) * config.optimizer.epochs
    task = PropensityTask(model, config.optimizer, steps)
    best, every = checkpoints(folder)
    with quiet():
        trainer = build_trainer(
            config,
            folder,
            [best, every] if samples.validates else [every],
            validates=samples.validates,
            progress=progress,
            accelerator=accelerator,
        )
        trainer.fit(
            task,
            samples,
            ckpt_path=last if resume and last.is_file() else None,
            weights_only=True,
        )
    if trainer.interrupted:
        raise KeyboardInterrupt
    chosen = best.best_model_path if samples.validates else str(last)
    state = torch.load(chosen, weights_only=True, map_location="cpu")
    task.load_state_dict(state["state_dict"])
    reached = best.best_model_score
    return int(state["epoch"]), None if reached is None else float(reached)
