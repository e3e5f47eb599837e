"""What a training begins with: its configurations, and a model with their statistics."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from ..data.configuration import Configuration
from ..data.dataset import Dataset, read
from ..data.splits import random_split
from ..errors import InputError
from ..models.card import ModelCard
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from .config import TrainConfig


def training_and_validation(
    config: TrainConfig, data: Dataset | None, validation: Dataset | None
) -> tuple[Dataset, Dataset]:
    """The two data sets: as given, as the data set names them, or split by the seed."""
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


def labelled(dataset: Dataset) -> list[Configuration]:
    """All configurations of a data set; raises InputError for one without propensity."""
    configurations = list(dataset)
    for c in configurations:
        if c.propensity is None:
            raise InputError("has no propensity to learn", source=c.source, field="propensity")
    return configurations


def check_uniform(configurations: Sequence[Configuration]) -> None:
    """Raise InputError unless all have the same number of particles and the same times."""
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


def new_model(
    config: TrainConfig,
    configurations: Sequence[Configuration],
    name: str = "model",
    inputs: Sequence[ModelInput] | None = None,
) -> PropensityModel:
    """An untrained model with the statistics of inputs and targets of these configurations.

    ``inputs`` spare their computation where they are known.
    """
    dtype = torch.float64 if config.precision == "float64" else torch.float32
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


def take_weights(model: PropensityModel, start: PropensityModel) -> None:
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
