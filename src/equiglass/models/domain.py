"""The domain of a model: what its training data were like, and how another configuration differs.

Every check compares a mean over the particles of a configuration with the range of such means in
the training data. A mean over N particles scatters by chance, by about its spread / sqrt(N), so the
range is widened by three times that before anything is called a departure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..data.configuration import TYPE_NAMES, Configuration

if TYPE_CHECKING:
    from .propensity import PropensityModel

Array = NDArray[np.floating[Any]]
SIGMAS = 3.0
# What counts as the same though no number scatters: compositions rounded to whole particles, boxes
# and temperatures rounded in files.
COMPOSITION_SLACK, DENSITY_SLACK, TEMPERATURE_SLACK = 0.01, 0.01, 0.005
ENERGIES = {"thermal": "thermal_energy", "inherent": "inherent_energy"}
DIGITS = 7


@dataclass(frozen=True)
class Departure:
    """One respect in which a configuration lies outside a model's domain; its text says so.

    Attributes
    ----------
    found
        Of the configuration.
    low, high
        Range in the training data.
    """

    quantity: str
    found: float | str
    low: float | str
    high: float | str

    def __str__(self) -> str:
        trained = _number(self.low)
        if self.high != self.low:
            trained += f" to {_number(self.high)}"
        text = f"{self.quantity} {_number(self.found)}, trained at {trained}"
        if isinstance(self.found, str) or isinstance(self.low, str) or isinstance(self.high, str):
            return text
        excess = self.found - (self.high if self.found > self.high else self.low)
        return f"{text} ({excess:+.2f})" if abs(excess) >= 0.01 else f"{text} ({excess:+.1g})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON and the metadata of files."""
        return {**asdict(self), "sentence": str(self)}


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


class Range(BaseModel):
    """Smallest and largest mean over the particles of a training configuration.

    ``spread`` is the standard deviation that one particle contributes: means over n particles
    scatter by ``spread / sqrt(n)``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    spread: float = Field(0.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.high < self.low:
            raise ValueError("high must not be below low")
        return self

    def holds(self, value: float, n: int, slack: float = 0.0) -> bool:
        """Whether the mean over n particles lies in the range, as far as chance allows."""
        margin = slack + SIGMAS * self.spread / math.sqrt(n)
        return self.low - margin <= value <= self.high + margin

    def departure(self, quantity: str, value: float) -> Departure:
        """That a value lies outside."""
        return Departure(quantity, value, self.low, self.high)


class Domain(BaseModel):
    """What the training data of a model were like.

    Attributes
    ----------
    fractions
        Share of the particles of each type, by letter.
    temperatures
        Those that the training data state, increasing.
    energies
        ``thermal`` and ``inherent``, per particle, epsilon.
    order_parameter
        For each time of the model: mean over the particles of type A of the prediction, in
        standard deviations of the training targets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dimensions: tuple[int, ...] = Field(min_length=1)
    fractions: dict[str, Range]
    density: Range
    temperatures: tuple[float, ...] = ()
    energies: dict[str, Range] = Field(default_factory=dict)
    order_parameter: tuple[Range, ...] = ()

    @classmethod
    def of(cls, model: PropensityModel, configurations: Sequence[Configuration]) -> Domain:
        """The domain of a model that was trained on these, complete as the model reads them."""
        chosen = list(configurations)
        groups = _state_points(chosen)
        counts = np.array([len(c) for c in chosen])

        def fractions(t: int) -> Range:
            return _range(np.array([(c.types == t).mean() for c in chosen]), counts, groups)

        densities = np.array([c.density for c in chosen])
        energies = {
            name: _range_of([getattr(c, field).astype(np.float64) for c in chosen], groups=groups)
            for name, field in ENERGIES.items()
            if all(getattr(c, field) is not None for c in chosen)
        }
        rows: list[Range] = []
        with_a = [k for k, c in enumerate(chosen) if (c.types == 0).any()]
        if with_a:
            orders = [model.order_parameter(chosen[k])[:, chosen[k].types == 0] for k in with_a]
            rows = [
                _range_of([order[row] for order in orders], groups=groups[with_a])
                for row in range(len(model.times))
            ]
        return cls(
            dimensions=tuple(sorted({c.dimensions for c in chosen})),
            fractions={TYPE_NAMES[t]: fractions(t) for t in range(model.n_types)},
            density=_range(densities, counts, groups),
            temperatures=tuple(
                sorted({float(c.temperature) for c in chosen if c.temperature is not None})
            ),
            energies=energies,
            order_parameter=tuple(rows),
        )

    def departures(
        self,
        configuration: Configuration,
        order_parameter: Array | None = None,
        times: Sequence[float] = (),
    ) -> tuple[Departure, ...]:
        """Every respect in which a configuration lies outside, the plainest first.

        Parameters
        ----------
        order_parameter
            (n_times, N), as :meth:`equiglass.models.propensity.PropensityModel.order_parameter`.
        times
            (n_times,) to name them.
        """
        c = configuration
        found: list[Departure] = []
        if c.dimensions not in self.dimensions:
            found.append(
                Departure("dimensions", c.dimensions, min(self.dimensions), max(self.dimensions))
            )
        found += self._composition(c)
        if not self.density.holds(c.density, len(c), DENSITY_SLACK * self.density.high):
            found.append(self.density.departure("density", c.density))
        if c.temperature is not None and self.temperatures:
            low, high = self.temperatures[0], self.temperatures[-1]
            slack = TEMPERATURE_SLACK * high
            if not low - slack <= c.temperature <= high + slack:
                found.append(Departure("temperature", float(c.temperature), low, high))
        for name, trained in self.energies.items():
            energy = getattr(c, ENERGIES[name])
            if energy is not None and not trained.holds(mean := float(energy.mean()), len(c)):
                found.append(trained.departure(f"{name} energy per particle", mean))
        if order_parameter is not None:
            found += self._order(order_parameter[:, c.types == 0], times)
        return tuple(found)

    def _composition(self, configuration: Configuration) -> Iterator[Departure]:
        """The type whose share is farthest from the training data, if any is."""
        shares = np.bincount(configuration.types, minlength=len(TYPE_NAMES)) / len(configuration)
        absent = Range(low=0, high=0)
        outside = []
        for t, name in enumerate(TYPE_NAMES):
            trained, share = self.fractions.get(name, absent), float(shares[t])
            if not trained.holds(share, len(configuration), COMPOSITION_SLACK):
                excess = max(trained.low - share, share - trained.high)
                outside.append((excess, trained.departure(f"fraction of {name}", share)))
        # Shares add up to one: of two types both differ by the same, which is said once.
        if outside:
            yield max(outside, key=lambda pair: round(pair[0], 9))[1]

    def _order(self, of_a: Array, times: Sequence[float]) -> Iterator[Departure]:
        """The time at which the mean order parameter is farthest outside, if it is at any."""
        n = of_a.shape[1]
        if n == 0 or len(of_a) != len(self.order_parameter):
            return
        outside = []
        for row, trained in enumerate(self.order_parameter):
            mean = float(of_a[row].mean())
            if not trained.holds(mean, n):
                name = "mean order parameter of A" + (f" at t = {times[row]:g}" if times else "")
                excess = max(trained.low - mean, mean - trained.high)
                outside.append((excess, trained.departure(name, mean)))
        if outside:
            yield max(outside, key=lambda pair: pair[0])[1]


def _state_points(configurations: Sequence[Configuration]) -> NDArray[np.int64]:
    """Numbers that are equal for configurations of one state point."""
    keys = [
        (c.dimensions, c.temperature, round(c.density, 2), round(float((c.types == 0).mean()), 2))
        for c in configurations
    ]
    order = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys])


def _range_of(values: Sequence[Array], groups: NDArray[np.int64]) -> Range:
    """Range of the means of (n,) arrays, whose particles scatter too."""
    counts = np.array([len(v) for v in values])
    means = np.array([v.mean() for v in values])
    return _range(means, counts, groups, max(float(v.std()) for v in values))


def _range(
    means: Array, counts: NDArray[np.integer[Any]], groups: NDArray[np.int64], spread: float = 0.0
) -> Range:
    """Range of means over ``counts`` particles each.

    Neighbours are alike, so that means scatter more than independent particles would let them: the
    spread is at least what configurations of one state point show among themselves.
    """
    squares, freedom = 0.0, 0
    for group in np.unique(groups):
        mine = groups == group
        squares += float((counts[mine] * (means[mine] - means[mine].mean()) ** 2).sum())
        freedom += int(mine.sum()) - 1
    if freedom > 0:
        spread = max(spread, math.sqrt(squares / freedom))
    return Range(low=_short(means.min()), high=_short(means.max()), spread=_short(spread))


def _short(value: float) -> float:
    """As many digits as are the same on every machine."""
    return float(f"{value:.{DIGITS}g}")
