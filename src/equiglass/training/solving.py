"""Models that are fitted in one step, rather than by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, overload

import numpy as np
import torch

from ..data.configuration import Configuration
from ..data.grids import propensity_on
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from .config import TrainConfig
from .material import TrainingData
from .prepare import inputs_of


def drawn(material: TrainingData, config: TrainConfig) -> TrainingData:
    """The same with as many reversed trajectories as asked for, which alone are quenched then.

    Which those are, ``data.reversed_per_configuration`` times the number of configurations, is
    drawn by the seed.
    """
    n_reversed = len(material.reversed)
    wanted = min(n_reversed, config.data.reversed_per_configuration * material.turned)
    chosen = np.random.default_rng([config.seed, 1]).permutation(n_reversed)[:wanted].tolist()
    return replace(material, reversed=_Chosen(material.reversed, sorted(chosen)))


class _Chosen(Sequence[Configuration]):
    """Some of a sequence that need not be in memory, each read when it is asked for."""

    def __init__(self, whole: Sequence[Configuration], indices: Sequence[int]) -> None:
        self.whole, self.indices = whole, indices

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, k: int) -> Configuration: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Configuration]: ...
    def __getitem__(self, k: int | slice) -> Configuration | Sequence[Configuration]:
        if isinstance(k, slice):
            return _Chosen(self.whole, self.indices[k])
        return self.whole[self.indices[k]]


def solve(
    model: PropensityModel, material: TrainingData, config: TrainConfig
) -> tuple[list[ModelInput], dict[str, Any]]:
    """Fit a model to all labels at once, those of :func:`drawn` reversed trajectories among them.

    Returns
    -------
    The inputs of the labelled configurations, and what the weights of labels follow from.
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
    for member in model.networks:
        member.solve([*own, *more], standard, torch.cat(of_label))
    return own, material.noise.record(c.n_trajectories for c in labels)
