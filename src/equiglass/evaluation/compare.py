"""Several predictors on the same configurations, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .score import Evaluation, Score


@dataclass(frozen=True)
class Contender:
    """A predictor's scores and what it costs.

    Attributes
    ----------
    n_parameters
        Trained parameters; None for what was not trained here.
    training_seconds
        As recorded when it was trained, on that machine; None where it is not known.
    seconds_per_configuration
        Of prediction, here and now, without the making of inherent structures.
    """

    evaluation: Evaluation
    n_parameters: int | None
    training_seconds: float | None
    seconds_per_configuration: float | None

    def as_dict(self) -> dict[str, Any]:
        """The entry of the JSON output."""
        return {
            **self.evaluation.as_dict(),
            "parameters": self.n_parameters,
            "training_seconds": self.training_seconds,
            "seconds_per_configuration": self.seconds_per_configuration,
        }


def paired_difference(a: Score, b: Score) -> tuple[float, float] | None:
    """Mean of rho_a - rho_b over configurations and the half width of its 95 % interval.

    Student's t on the differences of the same configurations, which scatter far less than the
    correlations themselves. None where there are fewer than two.
    """
    from scipy.stats import t

    if len(a.per_configuration) != len(b.per_configuration) or len(a.per_configuration) < 2:
        return None
    difference = np.array(a.per_configuration) - np.array(b.per_configuration)
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if n < 2:
        return None
    error = difference.std(ddof=1) / n**0.5
    return float(difference.mean()), float(t.ppf(0.975, n - 1) * error)
