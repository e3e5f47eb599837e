"""Linear readouts, solved by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..data.configuration import Configuration
from ..models.descriptors import LinearReadout
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.ridge import ridge


def fit_ridge(
    model: PropensityModel, inputs: Sequence[ModelInput], configurations: Sequence[Configuration]
) -> None:
    """Fit the linear readout of a descriptor model, type by type, on standardised targets."""
    network = model.networks[0]
    assert isinstance(network, LinearReadout)
    features = np.concatenate([network.represent(_as(i, model)).numpy() for i in inputs])
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([c.propensity.T for c in configurations])  # type: ignore[union-attr]
    mean, std = model.target_mean.numpy()[types], model.target_std.numpy()[types]
    standard = (targets - mean) / std
    with torch.no_grad():
        for t in np.unique(types):
            mine = types == t
            weight, bias = ridge(features[mine], standard[mine])
            network.weight[t] = torch.from_numpy(np.ascontiguousarray(weight))
            network.bias[t] = torch.from_numpy(bias)


def _as(inputs: ModelInput, model: PropensityModel) -> ModelInput:
    return inputs.to("cpu", model.target_mean.dtype)
