"""What is scored: functions from a configuration to predicted propensities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..errors import InputError

Array = NDArray[np.floating[Any]]
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
