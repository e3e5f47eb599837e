"""What the members of a model say one by one."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data.configuration import Configuration
from .evaluating import Array, as_array, evaluating, require_finite
from .propensity import SLAB_SIZE, PropensityModel


def predict_by_members(
    model: PropensityModel, configuration: Configuration
) -> tuple[Array, Array | None]:
    """The model's prediction, (n_times, N) in sigma, and the spread of its members.

    The spread is the standard deviation, (n_times, N), of the predictions of the members, of
    which the model's is the mean; None of a single one.

    Raises
    ------
    InputError
        As :meth:`PropensityModel.predict`.
    """
    if len(model.members) == 1:
        return model.predict(configuration), None
    if len(configuration) > SLAB_SIZE:
        count = len(model.members)
        each = np.stack([member_of(model, k).predict(configuration) for k in range(count)])
        return each.mean(axis=0), each.std(axis=0, ddof=1)
    with evaluating(model):
        batch = model.inputs_of(configuration)
        standard = torch.stack([member(batch) for member in model.networks])
        mean, std = model.target_mean[batch.types], model.target_std[batch.types]
        # The same operations as in PropensityModel.predict, which gives the same bits.
        predicted = as_array((standard.mean(dim=0) * std + mean).T)
        spread = as_array((standard.std(dim=0) * std).T)
    require_finite(model, configuration, predicted)
    return predicted, spread


def error_bars(
    model: PropensityModel,
    configuration: Configuration,
    predicted: NDArray[np.floating[Any]],
    spread: Array | None = None,
) -> tuple[Array, Array] | None:
    """Half widths of the intervals of 68 and 95 %, (n_times, N) each; None if not calibrated.

    Parameters
    ----------
    predicted, spread
        As :func:`predict_by_members` gives them; the spread is computed where it is needed.
    """
    calibration = model.card.calibration
    if calibration is None:
        return None
    if spread is None and calibration.needs_spread:
        spread = predict_by_members(model, configuration)[1]
    types = configuration.types
    low, high = (
        calibration.half_widths(types, model.times, predicted, spread, level).astype(np.float64)
        for level in (68, 95)
    )
    return low, high


def member_of(model: PropensityModel, k: int) -> PropensityModel:
    """A model of one member, the ``k``-th, that shares its weights."""
    alone = copy.copy(model)
    alone._modules = {**model._modules, "members": nn.ModuleList([model.members[k]])}
    return alone
