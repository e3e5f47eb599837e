"""Models that are fitted in one step, rather than by gradient descent."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from ..data.grids import propensity_on
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from ..models.ridge import groups_of, snapshot_numbers
from .config import TrainConfig
from .material import TrainingData
from .prepare import inputs_of


def drawn(material: TrainingData, config: TrainConfig) -> list[int]:
    """Which reversed trajectories are learned from, as many as asked for; others need no quench.

    Their number is ``data.reversed_per_configuration`` times that of configurations, and they are
    drawn by the seed.
    """
    n_reversed = len(material.reversed)
    wanted = min(n_reversed, config.data.reversed_per_configuration * material.turned)
    order = np.random.default_rng([config.seed, 1]).permutation(n_reversed)
    return sorted(order[:wanted].tolist())


def solve(
    model: PropensityModel, material: TrainingData, config: TrainConfig
) -> tuple[list[ModelInput], dict[str, Any], dict[str, Any]]:
    """Fit a model to all labels at once, those of :func:`drawn` reversed trajectories among them.

    Returns
    -------
    The inputs of the labelled configurations, what the weights of labels follow from, and what the
    model chose for itself.
    """
    extra = list(material.reversed)
    labels = [*material.learned, *extra]

    @cache
    def weights(n: int | None) -> torch.Tensor:
        return torch.from_numpy(material.noise.weights(n))

    own = [read for _, read in inputs_of(model, material.learned)]
    dtype = model.target_mean.dtype
    more = [model_input(c, model.config, model.n_types, dtype) for c in extra]
    targets = torch.from_numpy(np.concatenate([propensity_on(c, model.times).T for c in labels]))
    types = torch.from_numpy(np.concatenate([c.types for c in labels])).long()
    mean, std = model.target_mean.double().cpu(), model.target_std.double().cpu()
    standard = (targets.double() - mean[types]) / std[types]
    of_label = [weights(c.n_trajectories)[torch.from_numpy(c.types)].double() for c in labels]
    # A reversed trajectory, often short, is of the snapshot that it began from.
    snapshots = snapshot_numbers(material.learned)
    numbers = [*snapshots, *(snapshots[k] for k in material.origins)]
    groups = torch.from_numpy(groups_of(labels, numbers))
    # Members learn from the same labels, and choose the same.
    choices, *_ = (
        member.solve([*own, *more], standard, torch.cat(of_label), groups)
        for member in model.networks
    )
    return own, material.noise.record(c.n_trajectories for c in labels), choices
