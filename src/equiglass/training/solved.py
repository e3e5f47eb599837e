"""Training of networks that are solved in one step, not iterated."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..evaluation.score import score
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from .config import TrainConfig
from .folder import describe_run, save_model
from .prepare import new_model


def train_solved(
    config: TrainConfig,
    folder: Path,
    labelled: Sequence[Configuration],
    held_out: Sequence[Configuration],
    training: Dataset,
    validating: Dataset,
) -> PropensityModel:
    """Fit a network that is solved at once: there is nothing to resume."""
    begun = time.perf_counter()
    inputs = [
        model_input(c, config.model, max(c.n_types for c in labelled), torch.float64)
        for c in labelled
    ]
    model = new_model(config, labelled, name=folder.name, inputs=inputs)
    model.solve(inputs, labelled)
    describe_run(folder, config, training, validating)
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
    return save_model(model, config, folder, metrics, time.perf_counter() - begun)
