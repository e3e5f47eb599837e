"""What the commands that read models share: loading them, preparing for them, their domain."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset
from ..data.potential import Potential
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.departures import outside
from ..evaluation.frames import UNKNOWN_DOMAIN
from ..memory import parse_memory
from ..models.by_temperature import at_temperature
from ..models.held_out import said_of_training
from ..models.over_states import plans_of
from ..models.prepared import prepared
from ..models.propensity import SLAB_SIZE, PropensityModel
from ..models.ranges import Departure
from ..models.storage import divided, on_fastest, require_grid, restore
from ..simulation.states import States
from ..terminal import Terminal
from .options import Preparing, preparation_of

Model = str | os.PathLike[str] | PropensityModel
Array = NDArray[np.floating[Any]]


def loaded(
    model: Model,
    data: Data | Trajectory | None = None,
    species: Sequence[str] | None = None,
) -> PropensityModel:
    """A model as it is, or the named one, on a GPU where there is one.

    Of a run that was stopped, that of its best epoch so far. One whose times are others at each
    temperature is that at the temperature behind its name, else at the one that the data state.

    Raises
    ------
    InputError
        If there is no such model, or it cannot be read; if it needs a temperature, and none is
        named, and the data state none, or several.
    """
    if isinstance(model, PropensityModel):
        found, named = model, None
    else:
        name, named = divided(model)
        found = as_stored(name)
        if named is not None:
            require_grid(found, model)
    if found.grid is None:
        return found
    return at_temperature(found, temperature_of(data, found, species) if named is None else named)


def as_stored(model: str | os.PathLike[str]) -> PropensityModel:
    """The named one, with the times of all temperatures where it has such."""
    if Path(model).is_dir():
        from ..training.stopped import is_stopped, stopped_model

        if is_stopped(model):
            return stopped_model(model)
    return on_fastest(restore(model))


def temperature_of(
    data: Data | Trajectory | None, model: PropensityModel, species: Sequence[str] | None = None
) -> float | None:
    """The one temperature that data state; None where there are no data, or none is stated.

    Raises
    ------
    InputError
        If there are several.
    """
    if data is None:
        return None
    if isinstance(data, Trajectory):
        return data.frame(0).temperature
    dataset = as_dataset(data, species=species)
    found = dataset.temperatures()
    if len(found) > 1:
        raise InputError(
            f"the model {model.card.name} predicts other times at each temperature: name data at "
            "one of them, as DATA@T", source=dataset.source, field="temperature", found=found,
        )  # fmt: skip
    return found[0] if found else None


def name_of(model: Model) -> str:
    """What a model is called in tables and files: the path or name it was asked for by."""
    return model.card.name if isinstance(model, PropensityModel) else str(model)


def chosen_split(data: Data, split: str | None, species: Sequence[str] | None) -> Dataset:
    """The split of a data set that was asked for; by default ``test`` if there is one, else all.

    Raises
    ------
    InputError
        If the data set does not have it.
    """
    dataset = as_dataset(data, species=species)
    if split is None:
        split = "test" if "test" in dataset.splits else "all"
    return dataset.split(split)


def check_memory(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    limit: int | None,
    *,
    progress: bool,
    features: bool = False,
) -> None:
    """See that a limit in bytes suffices, and say what the largest configuration makes of it.

    Raises
    ------
    InputError
        If it is not enough for one of the configurations.

    Warns
    -----
    AssumptionWarning
        If the network cannot keep a limit: it takes no slabs.
    """
    if not configurations:
        return
    largest = max(configurations, key=len)
    plan = model.budget(largest, memory=limit, features=features)
    if plan is None and limit is not None and len(largest) > SLAB_SIZE:
        warnings.warn(
            f"the network of {model.card.name} takes a configuration whole, and keeps no limit of "
            "memory", AssumptionWarning, stacklevel=3,
        )  # fmt: skip
    if plan is not None and progress:
        Terminal(stderr=True).print(f"{plan}", soft_wrap=True, highlight=False)


def model_and_data(
    model: Model,
    data: Data,
    species: Sequence[str] | None,
    options: Preparing,
    *,
    memory: str | int | None = None,
    features: bool = False,
    states: States | None = None,
) -> tuple[PropensityModel, list[Configuration], int | None]:
    """A model, all configurations with every field that it reads, and the bytes of ``memory``.

    Parameters
    ----------
    states
        That each is to be averaged over, if it is.

    Raises
    ------
    InputError
        As :func:`check_memory` and, with ``states``, as
        :func:`equiglass.models.over_states.plans_of`, before anything is made; or if model and
        data do not fit.
    """
    how = preparation_of(options)
    limit = None if memory is None else parse_memory(memory)
    network = loaded(model, data, species)
    configurations = list(as_dataset(data, species=species))
    check_memory(network, configurations, limit, progress=how.progress, features=features)
    if states is not None:
        plans_of(network, configurations, states)
    return network, prepared(network, configurations, how), limit


def warn_of_training(
    model: PropensityModel, configurations: Sequence[Configuration], name: str | None = None
) -> None:
    """Say in one line how many of the configurations the model was trained on, if it was on some.

    Parameters
    ----------
    name
        What the model is called, where it is one of several.
    """
    text = said_of_training(model, configurations)
    if text is not None:
        text = text if name is None else f"{name}: {text}"
        warnings.warn(text, AssumptionWarning, stacklevel=3)


def potential_of(configurations: Sequence[Configuration]) -> Potential | None:
    """The potential under which inputs were made, where the configurations record it."""
    return next((c.potential for c in configurations if c.potential is not None), None)


class Watch:
    """A model that predicts, and keeps what is outside of its training domain.

    Parameters
    ----------
    strict
        Whether that is an error.
    memory
        See :meth:`PropensityModel.predict`.
    """

    def __init__(self, model: PropensityModel, *, strict: bool, memory: int | None = None) -> None:
        self.model, self.strict, self.memory = model, strict, memory
        self.found: list[tuple[Departure, ...]] = []

    @property
    def knows(self) -> bool:
        """Whether the model states a training domain."""
        return self.model.card.domain is not None

    def predict(self, configuration: Configuration, **options: Any) -> Array:
        """As :meth:`PropensityModel.predict`.

        Raises
        ------
        InputError
            If the configuration is outside of the domain, or none is known, and this is strict.
        """
        self.refuse_unknown()
        values = self.model.predict(configuration, memory=self.memory, **options)
        self.check(configuration, values)
        return values

    def refuse_unknown(self) -> None:
        """Raise InputError if this is strict and the model states no domain."""
        if self.strict and not self.knows:
            raise InputError(
                "records no training domain to hold the data against",
                source=self.model.card.name,
                field="domain",
            )

    def check(self, configuration: Configuration, values: NDArray[np.float64]) -> None:
        """Hold what was predicted, (n_times, N), against the domain; raises as `predict`."""
        self.found.append(self.model.departures(configuration, values))
        if self.strict and self.found[-1]:
            raise InputError(
                f"outside the model's training domain: {'; '.join(outside(self.found[-1:]))}",
                source=configuration.source,
            )

    def words(self) -> str:
        """What is outside of the last configuration, or that it cannot be known."""
        return "; ".join(outside(self.found[-1:])) if self.knows else UNKNOWN_DOMAIN

    def warn(self) -> None:
        """Say in one line what was outside, if anything was, or that it cannot be known."""
        if self.found and not self.knows:
            name = self.model.card.name
            text = f"the model {name} records no training domain: nothing was checked against it"
            warnings.warn(text, AssumptionWarning, stacklevel=3)
        sentences = outside(self.found)
        if sentences:
            text = f"outside the model's training domain: {'; '.join(sentences)}"
            warnings.warn(text, AssumptionWarning, stacklevel=3)
