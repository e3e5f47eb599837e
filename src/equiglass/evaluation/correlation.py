"""Pearson correlations, per configuration and pooled, and the noise ceiling of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
ROUNDING = 1e-26  # of a sum of squares: deviations of the last digits of float64


def pearson(a: Array, b: Array) -> float:
    """Pearson correlation of two samples; NaN where either is constant or has one value."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if len(x) < 2:
        return float("nan")
    of_x, of_y = (x * x).sum(), (y * y).sum()
    x, y = x - x.mean(), y - y.mean()
    # Of constants, rounding leaves a little.
    varies = (x * x).sum() > ROUNDING * of_x and (y * y).sum() > ROUNDING * of_y
    norm = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / norm) if varies and norm > 0 else float("nan")


def ceiling(halves: Array) -> float:
    """Best Pearson correlation that a predictor of the true propensity can reach.

    Parameters
    ----------
    halves
        (2, n) labels from the two halves of the trajectories.

    Returns
    -------
    sqrt(R), where R = 2 r / (1 + r) (Spearman-Brown) is the reliability of the full labels and r
    the correlation of the halves; NaN where r is not positive.
    """
    r = pearson(halves[0], halves[1])
    return float(np.sqrt(2 * r / (1 + r))) if r > 0 else float("nan")


def mean_and_std(values: list[float]) -> tuple[float | None, float | None]:
    """Mean and standard deviation over configurations, without those that are not defined.

    The standard deviation of one value is not known: None.
    """
    finite = np.array([v for v in values if np.isfinite(v)])
    if len(finite) == 0:
        return None, None
    return float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else None
