"""What is scored: functions from a configuration to predictions; some have names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..errors import InputError

Array = NDArray[np.floating[Any]]
ENERGY, COARSE_ENERGY, STORED = "energy", "coarse-energy", "stored:"
COARSE_WIDTH = 2.0  # sigma, where none is named
MAX_WIDTH = 100.0
# From a configuration to (n_times, N), one row for each of the predictor's times.
Predictor = Callable[[Configuration], Array]


def energy_predictor(field: str = "inherent_energy") -> Predictor:
    """The potential energy per particle as the prediction, the simplest baseline."""

    def predict(configuration: Configuration) -> Array:
        energy = getattr(configuration, field)
        if energy is None:
            raise InputError("is not known", source=configuration.source, field=field)
        return np.asarray(energy)[None]

    return predict


def coarse_energy_predictor(width: float = COARSE_WIDTH) -> Predictor:
    """The inherent energy averaged over a Gaussian neighbourhood of this width, sigma."""

    def predict(configuration: Configuration) -> Array:
        from ..models.coarse import coarse_energies

        return coarse_energies(configuration, "inherent", (width,)).T

    return predict


def stored_predictor(method: str) -> Predictor:
    """The predictions that a data set's publishers stored under this name, as a predictor."""

    def predict(configuration: Configuration) -> Array:
        if method not in configuration.predictions:
            raise InputError(
                "has no stored predictions of this name",
                source=configuration.source,
                expected=sorted(configuration.predictions),
                found=method,
            )
        return configuration.predictions[method]

    return predict


@dataclass(frozen=True)
class NamedPredictor:
    """What a name stands for that is no model.

    Attributes
    ----------
    fields
        Of a configuration that it reads.
    at_times_of_data
        Whether it has a row for each time of the data; else one row for all times.
    """

    predict: Predictor
    fields: tuple[str, ...] = ()
    at_times_of_data: bool = False


def named_predictor(name: str) -> NamedPredictor | None:
    """The predictor of a name; None for what must be a model.

    Raises
    ------
    InputError
        If a width is not a positive number.
    """
    if name == ENERGY:
        return NamedPredictor(energy_predictor(), ("inherent_energy",))
    if name.startswith(STORED):
        return NamedPredictor(stored_predictor(name.removeprefix(STORED)), at_times_of_data=True)
    kind, colon, text = name.partition(":")
    if kind != COARSE_ENERGY:
        return None
    width = COARSE_WIDTH
    if colon:
        try:
            width = float(text)
        except ValueError:
            width = float("nan")
    if not 0 < width < MAX_WIDTH:
        raise InputError(
            "not a width of the Gaussian", field=COARSE_ENERGY,
            expected=f"a number of sigma below {MAX_WIDTH:g}, as in {COARSE_ENERGY}:1.5",
            found=text,
        )  # fmt: skip
    return NamedPredictor(coarse_energy_predictor(width), ("inherent_positions", "inherent_energy"))
