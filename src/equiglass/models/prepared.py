"""Configurations as a model needs them: completed under the potential that it was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ..data.accuracy import PREDICTION
from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..simulation.preparation import Preparation
from .card import ModelCard


class Reader(Protocol):
    """What a model, or the header of its file, says of what it reads."""

    @property
    def card(self) -> ModelCard:
        """Its name, and under what its inputs were made."""

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that it reads."""

    @property
    def potential(self) -> Potential | None:
        """The potential of its training data, where the card records it."""


def prepared(
    model: Reader,
    configurations: Sequence[Configuration],
    preparation: Preparation | None = None,
) -> list[Configuration]:
    """The configurations with every field that the model reads.

    What is missing is made under the model's potential, unless ``preparation`` names another. For
    a model that records none it is the data's recorded one. Quenches are as close as predictions
    need, unless ``preparation`` asks for another accuracy or the data record one.

    Raises
    ------
    InputError
        If the data record another potential than the model and ``preparation`` does not name one;
        if something has to be made and nothing names a potential; or as
        :meth:`equiglass.simulation.preparation.Preparation.complete`.
    """
    settings = settled(model, configurations, preparation)
    return settings.complete(configurations, model.required_fields)


def settled(
    model: Reader,
    configurations: Sequence[Configuration],
    preparation: Preparation | None = None,
) -> Preparation:
    """The preparation under the potential that :func:`prepared` uses; nothing is made.

    Raises
    ------
    InputError
        As :func:`prepared`, for what can be known before.
    """
    settings = replace(preparation or Preparation(), default_accuracy=PREDICTION)
    for c in configurations:
        settings.require_makeable(c, model.required_fields)
    own = model.potential
    if settings.potential is None and own is not None:
        _check_recorded(model.card.name, own, configurations)
        settings = settings.under(own)
    if settings.potential is None and settings.make:
        for c in configurations:
            if c.potential is None and _lacks(model, c):
                raise InputError(
                    f"neither the data nor the model {model.card.name} records a potential, and "
                    "what the model reads has to be made; name one: --potential NAME or FILE.yaml",
                    source=c.source,
                    field="potential",
                )
    return settings


def _lacks(model: Reader, configuration: Configuration) -> bool:
    return any(getattr(configuration, name) is None for name in model.required_fields)


def _check_recorded(name: str, own: Potential, configurations: Sequence[Configuration]) -> None:
    """Raise InputError if a configuration records another potential than the model's."""
    for c in configurations:
        if c.potential is not None and not own.same_as(c.potential):
            raise InputError(
                f"the model {name} was trained under another potential than that of the data; to "
                "use it all the same, name one: --potential NAME or FILE.yaml",
                source=c.source,
                field="potential",
                expected=own.name,
                found=c.potential.beside(own),
            )
