"""Ranges of the means over particles that training data show, and departures from them.

A mean over N particles scatters by chance, by about ``spread / sqrt(N)``; a range is widened by
three times that before anything is called a departure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ..data.configuration import Configuration
from ..yaml_config import Settings

Array = NDArray[np.floating[Any]]
SIGMAS = 3.0
DIGITS = 7


@dataclass(frozen=True)
class Departure:
    """One respect in which a configuration lies outside a model's domain; its text says so.

    Attributes
    ----------
    found
        Of the configuration; a number, or a name.
    low, high
        Range in the training data.
    """

    quantity: str
    found: float | str
    low: float | str
    high: float | str

    def __str__(self) -> str:
        if isinstance(self.found, str) or isinstance(self.low, str) or isinstance(self.high, str):
            return f"{self.quantity} {self.found}, trained with {self.low}"
        trained = f"{self.low:.4g}" + (f" to {self.high:.4g}" if self.high > self.low else "")
        text = f"{self.quantity} {self.found:.4g}, trained at {trained}"
        excess = self.found - (self.high if self.found > self.high else self.low)
        return f"{text} ({excess:+.2f})" if abs(excess) >= 0.01 else f"{text} ({excess:+.1g})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON and the metadata of files."""
        return {**asdict(self), "sentence": str(self)}


class Range(Settings):
    """Smallest and largest mean over the particles of a training configuration.

    ``spread`` is the standard deviation that one particle contributes: means over n particles
    scatter by ``spread / sqrt(n)``.
    """

    low: float
    high: float
    spread: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.high < self.low:
            raise ValueError("high must not be below low")
        return self

    def __str__(self) -> str:
        low, high = f"{self.low:.4g}", f"{self.high:.4g}"
        return low if low == high else f"{low} to {high}"

    def holds(self, value: float, n: int, slack: float = 0.0) -> bool:
        """Whether the mean over n particles lies in the range, as far as chance allows."""
        margin = slack + SIGMAS * self.spread / math.sqrt(n)
        return self.low - margin <= value <= self.high + margin

    def departure(self, quantity: str, value: float) -> Departure:
        """That a value lies outside."""
        return Departure(quantity, value, self.low, self.high)


@dataclass(frozen=True)
class Sum:
    """What a range takes from one configuration: a mean over some of its particles.

    Attributes
    ----------
    state_point
        Equal for configurations of one state point.
    variance
        Of the particles about their mean; 0 for what has one value.
    squares, freedom
        Squared deviations of the means over octants, in units of one particle's, and their number
        less one. Neighbours are alike, so that means scatter more than those of independent
        particles would; how much more is seen there.
    """

    state_point: tuple[Any, ...]
    mean: float
    count: int
    variance: float = 0.0
    squares: float = 0.0
    freedom: int = 0

    @classmethod
    def of(cls, c: Configuration, mean: float) -> Sum:
        """Of something that has one value for a configuration."""
        return cls(_state_point(c), float(mean), len(c))

    @classmethod
    def of_values(cls, c: Configuration, values: Array, *, of_a: bool = False) -> Sum:
        """Of a quantity (N,), over all particles or those of type A."""
        chosen = c.types == 0 if of_a else np.ones(len(c), bool)
        mine = values[chosen].astype(np.float64)
        half = (c.positions[chosen] >= c.box / 2)[:, list(c.periodic)]
        octant = half @ (1 << np.arange(half.shape[1]))
        sizes = np.bincount(octant)
        parts = np.bincount(octant, mine)[sizes > 0] / sizes[sizes > 0]
        squares = float((sizes[sizes > 0] * (parts - mine.mean()) ** 2).sum())
        return cls(
            _state_point(c), float(mine.mean()), len(mine), float(mine.var()), squares,
            len(parts) - 1,
        )  # fmt: skip


def range_of(sums: Sequence[Sum]) -> Range:
    """Range of the means of configurations.

    The spread is at least what configurations of one state point show among themselves, and larger
    where few were seen.
    """
    means, counts = np.array([s.mean for s in sums]), np.array([s.count for s in sums])
    octants = sum(s.squares for s in sums) / max(1, sum(s.freedom for s in sums))
    spread = math.sqrt(max(float(np.mean([s.variance for s in sums])), octants))
    squares, freedom = 0.0, 0
    order = {key: k for k, key in enumerate(dict.fromkeys(s.state_point for s in sums))}
    groups = np.array([order[s.state_point] for s in sums])
    for group in np.unique(groups):
        mine = groups == group
        squares += float((counts[mine] * (means[mine] - means[mine].mean()) ** 2).sum())
        freedom += int(mine.sum()) - 1
    if freedom > 0:
        spread = max(spread, math.sqrt(squares / freedom))
    spread *= 1 + 1 / len(sums)
    return Range(low=_short(means.min()), high=_short(means.max()), spread=_short(spread))


def _state_point(c: Configuration) -> tuple[Any, ...]:
    share = float((c.types == 0).mean())
    return c.dimensions, c.temperature, round(c.density, 2), round(share, 2)


def _short(value: float) -> float:
    """As many digits as are the same on every machine."""
    return float(f"{value:.{DIGITS}g}")
