"""Error bars of predictions, as held-out data showed them to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..data.configuration import TYPE_NAMES

Array = NDArray[np.floating[Any]]
UNCALIBRATED = "uncalibrated"


class ErrorModel(BaseModel):
    """The error of the predicted propensity of one type at one time.

    Its variance is floor^2 + (relative mu)^2 + (spread s)^2, mu being the prediction and s the
    standard deviation of the members' predictions. An interval is mu plus and minus ``factor`` of
    its level times the root of that.

    Attributes
    ----------
    factor_68, factor_95
        By which the intervals cover 68 and 95 % of the propensities of the held-out data.
    covered_68, covered_95
        Of the propensities of each configuration, the mean over those that took no part in the
        fit, each in its turn; None for a single one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    type: str = Field(pattern="^[A-H]$")
    time: float = Field(gt=0, allow_inf_nan=False)
    floor: float = Field(ge=0, allow_inf_nan=False)
    relative: float = Field(ge=0, allow_inf_nan=False)
    spread: float = Field(ge=0, allow_inf_nan=False)
    factor_68: float = Field(ge=0, allow_inf_nan=False)
    factor_95: float = Field(ge=0, allow_inf_nan=False)
    covered_68: float | None = Field(None, ge=0, le=1)
    covered_95: float | None = Field(None, ge=0, le=1)

    def deviation(self, predicted: Array, spread: Array | None) -> Array:
        """Standard deviation of the error, in the shape of the predictions, sigma."""
        variance = self.floor**2 + (self.relative * predicted) ** 2
        if self.spread and spread is not None:
            variance = variance + (self.spread * spread) ** 2
        result: Array = np.sqrt(variance)
        return result


class ExpectedScore(BaseModel):
    """The correlation of one type at one time that a new configuration of the domain may have.

    Attributes
    ----------
    rho, std, n
        Mean and standard deviation over the held-out configurations, with labels as they are.
    low, high
        Between which a further one lies in 95 of 100 cases, by Student's t; None for fewer than
        three.
    rho_propensity
        The mean, corrected for the noise of the labels; None where that is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    type: str = Field(pattern="^[A-H]$")
    time: float
    rho: float
    std: float | None = None
    n: int = Field(ge=1)
    low: float | None = None
    high: float | None = None
    rho_propensity: float | None = None

    def __str__(self) -> str:
        between = "" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.type} at t = {self.time:g}: ρ = {self.rho:.2f}{between}"


class Calibration(BaseModel):
    """What held-out data say of a model's errors; it holds inside the model's domain alone.

    Attributes
    ----------
    data
        That were held out.
    n_configurations, n_members
        Held out, and members whose mean predicted each of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    data: str
    n_configurations: int = Field(ge=1)
    n_members: int = Field(ge=1)
    errors: tuple[ErrorModel, ...] = Field(min_length=1)
    expected: tuple[ExpectedScore, ...] = ()

    @property
    def needs_spread(self) -> bool:
        """Whether error bars follow from what members say one by one."""
        return any(e.spread > 0 for e in self.errors)

    def half_widths(
        self,
        types: NDArray[np.integer[Any]],
        times: Sequence[float],
        predicted: Array,
        spread: Array | None = None,
        level: int = 68,
    ) -> Array:
        """Half of each interval, (n_times, N), sigma; NaN for types and times not calibrated.

        Parameters
        ----------
        predicted, spread
            (n_times, N), sigma.
        level
            68 or 95, per cent.
        """
        result = np.full(predicted.shape, np.nan)
        for one in self.errors:
            mine = types == TYPE_NAMES.index(one.type)
            for row, time in enumerate(times):
                if time != one.time or not mine.any():
                    continue
                own = None if spread is None else spread[row][mine]
                factor = one.factor_68 if level == 68 else one.factor_95
                result[row, mine] = factor * one.deviation(predicted[row][mine], own)
        return result

    def said_of(self, types: Iterable[str], times: Sequence[float]) -> str:
        """What it rests on, and for which of these types and times there are no error bars."""
        known = {(e.type, e.time) for e in self.errors}
        lacking = {t: [time for time in times if (t, time) not in known] for t in sorted(types)}
        same = len({tuple(rows) for rows in lacking.values()}) == 1
        parts = [
            f"none{'' if same else f' for {t}'} at t = {', '.join(f'{time:g}' for time in rows)}"
            for t, rows in list(lacking.items())[: 1 if same else None]
            if rows
        ]
        return "; ".join([str(self), *parts])

    def __str__(self) -> str:
        by = "one member" if self.n_members == 1 else f"{self.n_members} members"
        return (
            f"intervals of 68 and 95 % calibrated on {self.n_configurations} held-out "
            f"configurations, predicted by {by} ({self.data})"
        )
