"""Stands in for `data.dataset.as_dataset`, `models.prepared` and `models.domain`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..data.configuration import Configuration
from ..data.dataset import Dataset, from_configurations, read
from ..data.potential import KOB_ANDERSEN, Potential
from ..data.readers.atomistic import from_ase
from ..evaluation.departures import Departure
from ..simulation.preparation import Preparation

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from numpy.typing import NDArray

    from ..models.propensity import PropensityModel

    Item: TypeAlias = Configuration | Atoms
    Data: TypeAlias = str | os.PathLike[str] | Dataset | Item | Sequence[Item]
else:
    Data = object


def as_dataset(data: Any, species: Sequence[str] | None = None) -> Dataset:
    """A data set from whatever stands for one."""
    if isinstance(data, Dataset):
        return data
    if isinstance(data, (str, os.PathLike)):
        return read(data, species=species)
    items = list(data) if isinstance(data, (list, tuple)) else [data]
    configurations = [
        c if isinstance(c, Configuration) else from_ase(c, species=species) for c in items
    ]
    return from_configurations(configurations, configurations[0].source)


def potential_of(model: PropensityModel) -> Potential | None:
    """The potential of a model's training data."""
    return getattr(model, "potential", None)


def departures(
    model: PropensityModel, configuration: Configuration, predicted: NDArray[np.float64]
) -> tuple[Departure, ...]:
    """What of the configuration is outside of the model's domain."""
    found = getattr(model, "departures", None)
    return found(configuration, predicted) if found is not None else ()


def prepared(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    preparation: Preparation | None = None,
) -> list[Configuration]:
    """The configurations with every field that the model reads, under its potential."""
    own = potential_of(model)
    chosen = preparation or Preparation()
    if own is not None:
        chosen = chosen.under(own)
    return chosen.complete(configurations, model.config.inputs.required_fields)


def preparing(function: Callable[..., Any], preparation: Preparation) -> dict[str, Any]:
    """The keywords by which a function of training takes its preparation."""
    wanted = inspect.signature(function).parameters
    if "preparation" in wanted:
        return {"preparation": preparation}
    old = {
        "cache": preparation.cache,
        "quench_missing": preparation.make,
        "potential": preparation.potential or KOB_ANDERSEN,
    }
    return {key: value for key, value in old.items() if key in wanted}
