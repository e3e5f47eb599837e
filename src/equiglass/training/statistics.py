"""Means and variances of what does not fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch.distributed as dist
from numpy.typing import NDArray

from . import processes

Array = NDArray[np.float64]


class Moments:
    """Count, mean and variance of each column, added block by block; NaN is not counted.

    Blocks are joined by the update of Chan, Golub and LeVeque (Am. Stat. 37, 242 (1983)), so that
    the result is that of all values at once up to rounding in the last digits of float64.
    """

    def __init__(self, n_columns: int) -> None:
        self.count = np.zeros(n_columns)
        self.mean = np.zeros(n_columns)
        self.squares = np.zeros(n_columns)  # of deviations from the mean

    def add(self, values: NDArray[Any]) -> None:
        """Values (n, n_columns)."""
        known = np.isfinite(values)
        count = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
        away = np.where(known, values - mean, 0.0)
        self._join(count, mean, (away**2).sum(axis=0, dtype=np.float64))

    def _join(self, count: NDArray[Any], mean: Array, squares: Array) -> None:
        total = self.count + count
        share = count / np.maximum(total, 1)
        away = mean - self.mean
        self.squares += squares + away**2 * self.count * share
        self.mean += away * share
        self.count = total

    @property
    def variance(self) -> Array:
        """Mean squared deviation; 0 where nothing is known."""
        result: Array = self.squares / np.maximum(self.count, 1)
        return result

    @property
    def spread(self) -> Array:
        """Standard deviation, 1 where there is none: what to divide by."""
        variance = self.variance
        # What is the same everywhere, such as a diameter of one type, differs by rounding alone.
        varies = variance > (1e-6 * self.mean) ** 2
        return np.where(varies, np.sqrt(variance), 1.0)


def joined(parts: Sequence[Moments]) -> list[Moments]:
    """Moments of what all processes have seen, each its share; the same in every process."""
    if processes.world_size() == 1:
        return list(parts)
    gathered: list[Any] = [None] * processes.world_size()
    dist.all_gather_object(gathered, [(m.count, m.mean, m.squares) for m in parts])
    result = [Moments(len(m.count)) for m in parts]
    for of_process in gathered:
        for moments, (count, mean, squares) in zip(result, of_process, strict=True):
            moments._join(count, mean, squares)
    return result
