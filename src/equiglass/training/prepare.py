"""What a training begins with: its two data sets, and a model with their statistics."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..data.splits import random_split
from ..errors import AssumptionWarning, InputError
from ..models.by_temperature import TimeGrid, same_temperature
from ..models.card import ModelCard
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from . import processes
from .config import TrainConfig
from .corresponding import FIELD
from .material import TrainingData
from .sources import gap_of, open_data
from .statistics import Moments, joined


def training_part(dataset: Dataset) -> Dataset:
    """What a data set offers to learn from: all of it, or what its own splits leave.

    Raises
    ------
    InputError
        If all of it belongs to several splits, none of which is for training.
    """
    own = dataset.splits
    if "train" in own:
        return own["train"]
    if len({e.split for e in dataset.entries}) <= 1:
        return dataset
    free = [k for k, e in enumerate(dataset.entries) if e.split is None]
    if not free:
        raise InputError(
            "the data set has no training split", source=dataset.source, found=", ".join(own)
        )
    return dataset.take(free)


def training_and_validation(
    config: TrainConfig, data: Dataset | None, validation: Dataset | None
) -> tuple[Dataset, Dataset, list[dict[str, Any]]]:
    """The two data sets: as given, as the data set names them, or split by the seed.

    The third is what was found out about the trajectories of the settings.
    """
    dataset, described = data, list[dict[str, Any]]()
    if dataset is None:
        opened = open_data(config)
        dataset, described = opened.dataset, opened.trajectories
    own = dataset.splits
    training = training_part(dataset)
    if validation is not None:
        return training, validation, described
    if "validation" in own and len(own["validation"]) < len(dataset):
        return training, own["validation"], described
    if config.data.validation_fraction == 0 or (data is None and config.data.trajectory):
        return training, training.take([]), described
    fraction = config.data.validation_fraction
    return *random_split(training, fraction, config.seed, gap_of(config.data)), described


def new_model(config: TrainConfig, data: TrainingData, name: str = "model") -> PropensityModel:
    """An untrained model with the statistics of the labels."""
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    card = ModelCard(name, target=config.data.target)
    model = PropensityModel(config.model, data.n_types, data.times, card=card).to(dtype)
    model.grid = _grid(config, data)
    for t, moments in enumerate(data.targets):
        if moments.count.any():
            model.target_mean[t] = torch.from_numpy(moments.mean)
            model.target_std[t] = torch.from_numpy(moments.spread)
    return model


def _grid(config: TrainConfig, data: TrainingData) -> TimeGrid | None:
    """The times of each temperature, if the settings have them.

    Raises
    ------
    InputError
        If no temperature has labels at one of the places.

    Warns
    -----
    AssumptionWarning
        If nothing is learned at one of the temperatures.
    """
    grid = config.data.grid
    if grid is not None and data.times != grid.names:
        without = [k for k, name in enumerate(grid.names) if name not in data.times]
        raise InputError(
            "no configuration has labels at some of these times",
            source=config.data.source, field=FIELD,
            found=[f"{row.times[k]:g} at T = {row.temperature:g}" for k in without
                   for row in grid.rows],
        )  # fmt: skip
    for own in () if grid is None else grid.temperatures:
        if not any(same_temperature(own, t) for t in data.temperatures):
            warnings.warn(
                f"{config.data.source}: {FIELD} has T = {own:g}, and nothing is learned at it: "
                "what the model says there rests on others", AssumptionWarning, stacklevel=4,
            )  # fmt: skip
    return grid


def inputs_of(
    model: PropensityModel, configurations: Sequence[Configuration], *, shared: bool = False
) -> Iterator[tuple[int, ModelInput]]:
    """Inputs with their numbers; at the end the model standardises by their statistics.

    Each is made once: in float64, from whose scalars the statistics follow, then in the dtype of
    the model.

    Parameters
    ----------
    shared
        Whether each of several processes makes its share, rather than all.
    """
    statistics: list[Moments] | None = None
    numbers: Sequence[int] = range(len(configurations))
    dtype = model.target_mean.dtype
    for k in processes.share(numbers) if shared else numbers:
        c = configurations[k]
        exact = model_input(c, model.config, model.n_types, torch.float64)
        if statistics is None:
            statistics = [Moments(exact.scalars.shape[1]) for _ in range(model.n_types)]
        scalars = exact.scalars.numpy()
        for t in range(model.n_types):
            statistics[t].add(scalars[c.types == t])
        yield k, exact.to("cpu", dtype)
    if statistics is None:  # a process without a share
        size = model.networks[0].input_mean.shape[1]
        statistics = [Moments(size) for _ in range(model.n_types)]
    for t, moments in enumerate(joined(statistics) if shared else statistics):
        if moments.count.any():
            mean, spread = torch.from_numpy(moments.mean), torch.from_numpy(moments.spread)
            model.set_input_statistics(t, mean, spread)
