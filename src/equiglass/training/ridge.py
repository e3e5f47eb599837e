"""Linear readouts, solved by ridge regression."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..evaluation.score import score
from ..models.descriptors import LinearReadout
from ..models.inputs import ModelInput
from ..models.networks import model_input
from ..models.propensity import PropensityModel
from .config import TrainConfig
from .folder import describe_run, save_model
from .prepare import new_model

ALPHAS = tuple(np.logspace(-1, 5, 13))
Array = NDArray[np.floating[Any]]


def ridge(features: Array, targets: Array) -> tuple[Array, Array]:
    """Coefficients (D, T) and intercepts (T,), each time with its own best penalty.

    The penalty minimises the leave-one-out error (generalised cross-validation, scikit-learn's
    ``RidgeCV``). Targets that are not finite are left out.

    Parameters
    ----------
    features
        (n, D), standardised.
    targets
        (n, T).
    """
    from sklearn.linear_model import RidgeCV

    known = np.isfinite(targets).all(axis=1)
    solver = RidgeCV(alphas=ALPHAS, alpha_per_target=targets.shape[1] > 1)
    solver.fit(features[known], targets[known])
    coefficients = np.atleast_2d(solver.coef_).T
    return coefficients, np.atleast_1d(solver.intercept_)


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


def train_linear(
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
