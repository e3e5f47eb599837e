"""Averages over correlated origins of time, with errors that know how few are independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FEWEST, MOST = 4, 10


@dataclass(frozen=True)
class Average:
    """A mean over origins and its standard error, None where too few are independent."""

    mean: float
    error: float | None
    n_blocks: int


def blocks_of(times: Array, correlation: float) -> NDArray[np.int64]:
    """(n,) number of the stretch of time that each origin lies in.

    Stretches are at least a correlation time long, at most ten of them.
    """
    length = float(times[-1] - times[0])
    n = int(np.clip(length / correlation * (1 + 1e-9), 1, MOST)) if correlation > 0 else MOST
    if length <= 0:
        return np.zeros(len(times), dtype=np.int64)
    places = np.minimum(((times - times[0]) / length * n).astype(np.int64), n - 1)
    return np.unique(places, return_inverse=True)[1].astype(np.int64)


def average(values: Array, blocks: NDArray[np.integer[Any]]) -> Average:
    """Mean of ``values`` (n,), and its error from the means of the blocks."""
    n = int(blocks.max()) + 1
    mean = float(values.mean())
    if n < FEWEST:
        return Average(mean, None, n)
    means = np.array([values[blocks == b].mean() for b in range(n)])
    return Average(mean, float(means.std(ddof=1) / n**0.5), n)


def variance(values: Array, blocks: NDArray[np.integer[Any]]) -> Average | None:
    """Variance over origins, corrected for their correlation, with its error by the jackknife.

    The spread about the mean of correlated values is too small by the variance of that mean; so
    that is added. None where too few are independent.
    """
    n = int(blocks.max()) + 1
    mean = average(values, blocks)
    if mean.error is None:
        return None
    added = mean.error**2
    without = np.array([values[blocks != b].var() for b in range(n)])
    error = float(((n - 1) / n * ((without - without.mean()) ** 2).sum()) ** 0.5)
    return Average(float(values.var()) + added, error, n)


def p_value(first: Average, second: Average) -> float | None:
    """Of two means being that of one distribution, by Student's t; None without errors."""
    from scipy.stats import t

    if first.error is None or second.error is None:
        return None
    error = float(np.hypot(first.error, second.error))
    if error == 0:
        return 1.0 if first.mean == second.mean else 0.0
    freedom = first.n_blocks + second.n_blocks - 2
    return float(2 * t.sf(abs(first.mean - second.mean) / error, freedom))
