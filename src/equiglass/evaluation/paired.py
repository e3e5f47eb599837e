"""Differences between two predictors on the same configurations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .disattenuation import Estimate, estimate
from .sampling import REVERSAL_CORRELATION
from .scored import Score


def paired_difference(a: Score, b: Score) -> Estimate:
    """Mean of rho_a - rho_b over configurations, with its 95 % interval, and for the propensity.

    By the differences of the same configurations, which scatter far less than the correlations
    themselves; for configurations that are independent this is Student's t. All None where the
    two are not of the same configurations.
    """
    n = len(a.per_configuration)
    if n != len(b.per_configuration):
        return Estimate(None, why="scores of other configurations")
    differences = np.subtract(a.per_configuration, b.per_configuration)
    usable = np.isfinite(differences)
    differences = differences[usable]
    reliabilities = np.array(a.reliabilities)[usable] if a.reliabilities else np.full(n, np.nan)
    units = None if a.units is None else np.array(a.units)[usable]

    def statistic(kept: NDArray[np.bool_]) -> tuple[float, float]:
        known = reliabilities[kept]
        known = known[np.isfinite(known)]
        share = float(known.mean()) if len(known) else float("nan")
        return float(differences[kept].mean()), share

    if not len(differences):
        return Estimate(None, why="no configuration has both")
    left = REVERSAL_CORRELATION if a.method == "reversal" else 0.0
    return estimate(statistic, units, len(differences), a.estimate.why, noise_correlation=left)
