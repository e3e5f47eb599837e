"""Intervals of means over configurations or seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Mean and half width of its confidence interval by Student's t.

    Values that are not finite are left out; None where fewer than two remain, which say nothing
    about the spread.
    """
    from scipy.stats import t

    finite = np.array([v for v in values if np.isfinite(v)], dtype=np.float64)
    n = len(finite)
    if n < 2:
        return None
    error = finite.std(ddof=1) / n**0.5
    return float(finite.mean()), float(t.ppf(0.5 + confidence / 2, n - 1) * error)
