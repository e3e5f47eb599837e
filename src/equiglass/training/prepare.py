"""What a training begins with: its data, read once, and a model with their statistics."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.configuration import Configuration
from ..data.dataset import Dataset, from_configurations, read
from ..data.reversal import reversed_configurations
from ..data.splits import random_split
from ..errors import InputError
from ..models.card import ModelCard
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input
from .config import TrainConfig


@dataclass(frozen=True)
class TrainingData:
    """The configurations of a run in memory, without the end positions of trajectories.

    Attributes
    ----------
    learned, held_out
        Training and validation configurations.
    reversed
        Time-reversed trajectories of the training configurations.
    description
        Where they come from, their names, and fingerprints of their content.
    """

    learned: list[Configuration]
    reversed: list[Configuration]
    held_out: list[Configuration]
    description: dict[str, Any]

    @property
    def all(self) -> list[Configuration]:
        """Everything that a model is to read."""
        return [*self.learned, *self.reversed, *self.held_out]

    def completed(
        self, complete: Callable[[Sequence[Configuration]], list[Configuration]]
    ) -> TrainingData:
        """The same with every part replaced by what ``complete`` makes of it."""
        return replace(
            self,
            learned=complete(self.learned),
            reversed=complete(self.reversed),
            held_out=complete(self.held_out),
        )


def load_data(config: TrainConfig, training: Dataset, validation: Dataset) -> TrainingData:
    """Read every configuration of a run, once.

    Raises
    ------
    InputError
        If one has no propensity, or they cannot be learned from together.
    """
    learned, held_out = labelled(training), labelled(validation)
    if not learned:
        raise InputError("no configuration to train on", source=training.source)
    # Before any quench: what cannot be trained on together is found at once.
    check_uniform([*learned, *held_out])
    turned: list[Configuration] = []
    if config.data.reversed_per_configuration:
        turned = [r for c in learned for r in reversed_configurations(c)]
    description = {
        "source": training.source,
        "fingerprint": from_configurations(learned).fingerprint(),
        "validation_fingerprint": from_configurations(held_out).fingerprint(),
        "training": [e.name for e in training.entries],
        "validation": [e.name for e in validation.entries],
    }
    # The heavy arrays of end positions are not needed any more.
    light = ([c.replace(end_positions=None) for c in part] for part in (learned, held_out))
    learned, held_out = light
    return TrainingData(learned, turned, held_out, description)


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
) -> tuple[Dataset, Dataset]:
    """The two data sets: as given, as the data set names them, or split by the seed."""
    dataset = data if data is not None else read(config.data.path)
    own = dataset.splits
    training = training_part(dataset)
    if validation is not None:
        return training, validation
    if "validation" in own and len(own["validation"]) < len(dataset):
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
    config: TrainConfig, configurations: Sequence[Configuration], name: str = "model"
) -> tuple[PropensityModel, list[ModelInput]]:
    """An untrained model with the statistics of these configurations, and their inputs.

    Each input is made once: in float64, from whose scalars the statistics follow, then in the
    dtype of the training.
    """
    dtype = torch.float64 if config.precision == "float64" else torch.float32
    n_types = max(c.n_types for c in configurations)
    times = configurations[0].times
    assert times is not None
    model = PropensityModel(config.model, n_types, times.tolist(), card=ModelCard(name)).to(dtype)
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([c.propensity.T for c in configurations])  # type: ignore[union-attr]
    inputs, measured = [], []
    for c in configurations:
        exact = model_input(c, config.model, n_types, torch.float64)
        measured.append(exact.scalars)
        inputs.append(exact.to("cpu", dtype))
    scalars = torch.cat(measured)
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
    return model, inputs


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
