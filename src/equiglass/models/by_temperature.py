"""Models whose times are others at each temperature: a grid of them, and the model at one.

Structure tells mobility at times that grow with the relaxation time, by orders of magnitude from
one temperature to the next. A decoder is therefore shared by times that correspond to each other,
which the settings of the training name for each temperature (``data.times_at``); between these
temperatures log t is linear in 1 / T (Arrhenius piece by piece).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ..errors import InputError
from ..yaml_config import Settings
from .calibration import Calibration
from .ranges import Departure

if TYPE_CHECKING:
    from .propensity import PropensityModel

# Of a temperature or a time: rounded in files.
SAME_TEMPERATURE, SAME_TIME = 0.005, 1e-3


class AtTemperature(Settings):
    """What a model is at one of its temperatures.

    Attributes
    ----------
    times
        (n_times,) tau_LJ.
    held_out
        Correlations on data it was not trained on: rows with type, time, mean, std and more.
    """

    temperature: float = Field(gt=0, allow_inf_nan=False)
    times: tuple[float, ...] = Field(min_length=1, max_length=10_000)
    held_out: tuple[dict[str, Any], ...] = ()
    calibration: Calibration | None = None

    @model_validator(mode="after")
    def _increasing(self) -> AtTemperature:
        if not all(math.isfinite(t) and t > 0 for t in self.times) or any(
            b <= a for a, b in pairwise(self.times)
        ):
            raise ValueError("times are positive numbers that increase")
        return self


class TimeGrid(Settings):
    """The times of each temperature, coldest first; those of the coldest name the columns."""

    rows: tuple[AtTemperature, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _alike(self) -> TimeGrid:
        temperatures = [row.temperature for row in self.rows]
        if any(b <= a or same_temperature(a, b) for a, b in pairwise(temperatures)):
            raise ValueError("temperatures increase, each once and by more than 0.5 %")
        if len({len(row.times) for row in self.rows}) > 1:
            raise ValueError("every temperature has as many times")
        return self

    @classmethod
    def of(cls, times_at: Mapping[float, Sequence[float]]) -> TimeGrid:
        """From the setting ``data.times_at``.

        Raises
        ------
        ValueError
            If times do not increase, or one temperature has more than another.
        """
        rows = (AtTemperature(temperature=t, times=tuple(times_at[t])) for t in sorted(times_at))
        return cls(rows=tuple(rows))

    @property
    def names(self) -> tuple[float, ...]:
        """What the columns are called in a training: the times of the coldest temperature."""
        return self.rows[0].times

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Those with times of their own, increasing."""
        return tuple(row.temperature for row in self.rows)

    def row(self, temperature: float) -> AtTemperature | None:
        """That of a temperature, if it is one of them."""
        near = (r for r in self.rows if same_temperature(r.temperature, temperature))
        return next(near, None)

    def at(self, temperature: float) -> AtTemperature:
        """That of a temperature; between two of them, with the times in between.

        Raises
        ------
        ValueError
            If it is colder or warmer than all of them.
        """
        own = self.row(temperature)
        if own is not None:
            return own
        low, high = self.temperatures[0], self.temperatures[-1]
        if not low < temperature < high:
            raise ValueError(f"{low:g} to {high:g}")
        cold, warm = next(
            (a, b) for a, b in pairwise(self.rows) if a.temperature < temperature < b.temperature
        )
        inverse = [1 / t for t in (cold.temperature, warm.temperature, temperature)]
        share = (inverse[2] - inverse[0]) / (inverse[1] - inverse[0])
        times = [
            float(f"{a ** (1 - share) * b**share:.3g}")
            for a, b in zip(cold.times, warm.times, strict=True)
        ]
        return AtTemperature(temperature=temperature, times=tuple(times))


def same_temperature(a: float, b: float) -> bool:
    """Whether two are the same but for the digits of a file."""
    return abs(a - b) <= SAME_TEMPERATURE * max(a, b)


def temperature_departure(own: float | None, stated: float | None) -> tuple[Departure, ...]:
    """That a configuration states another temperature than a model was taken at, if it does."""
    if own is None or stated is None or same_temperature(own, stated):
        return ()
    return (Departure("temperature", float(stated), own, own),)


def at_temperature(model: PropensityModel, temperature: float | None) -> PropensityModel:
    """The model at one temperature, with its times there; it shares the weights.

    A model without a grid is returned as it is.

    Raises
    ------
    InputError
        If the temperature is not known, or beyond those of the grid.
    """
    grid = model.grid
    if grid is None:
        return model
    name, low, high = model.card.name, grid.temperatures[0], grid.temperatures[-1]
    known = f"{low:g} to {high:g}"
    if temperature is None:
        raise InputError(
            "predicts other times at each temperature, and the data do not state one; "
            f"name it as {name}@T",
            source=name, field="temperature", expected=known,
        )  # fmt: skip
    try:
        own = grid.at(temperature)
    except ValueError:
        raise InputError(
            "was not trained so cold or warm", source=name, field="temperature", expected=known,
            found=temperature,
        ) from None  # fmt: skip
    alone = copy.copy(model)
    alone._modules = dict(model._modules)
    alone.times, alone.grid, alone.temperature = own.times, None, temperature
    # No part of this one: PyTorch would count its weights twice.
    object.__setattr__(alone, "undivided", model)
    metrics = {
        **_at_own_times(model, own.times),
        "temperature": temperature,
        "held_out": list(own.held_out),
    }
    alone.card = replace(
        model.card,
        name=f"{name}@{temperature:g}",
        metrics=metrics,
        calibration=own.calibration,
    )
    return alone


def _at_own_times(model: PropensityModel, times: Sequence[float]) -> dict[str, Any]:
    """The metrics, with the times of one temperature in the rows of a cross-validation.

    Their means, and the correlation on validation data, are of all temperatures together, and are
    left out.
    """
    metrics = {k: v for k, v in model.card.metrics.items() if k != "validation_rho"}
    if "cross_validation" in metrics:
        names = dict(zip(model.times, times, strict=True))
        rows = [
            {"type": row["type"], "time": names[row["time"]], "mean": None, "folds": row["folds"]}
            for row in metrics["cross_validation"]["pearson"]
        ]
        metrics["cross_validation"] = {"pearson": rows}
    return metrics


def calibrated_at(model: PropensityModel) -> PropensityModel:
    """The model that this is at one temperature, with its calibration there.

    Raises
    ------
    InputError
        If the grid has no times of its own at that temperature.
    """
    whole, temperature = model.undivided, model.temperature
    assert whole is not None and whole.grid is not None and temperature is not None
    own = whole.grid.row(temperature)
    if own is None:
        raise InputError(
            "a calibration belongs to one of the model's temperatures", source=model.card.name,
            field="temperature", expected=list(whole.grid.temperatures), found=temperature,
        )  # fmt: skip
    return with_rows(whole, [own.model_copy(update={"calibration": model.card.calibration})])


def with_rows(model: PropensityModel, rows: Sequence[AtTemperature]) -> PropensityModel:
    """The same model with these in place of the rows of their temperatures; shares the weights."""
    assert model.grid is not None
    new = {row.temperature: row for row in rows}
    changed = copy.copy(model)
    changed._modules = dict(model._modules)
    changed.grid = TimeGrid(rows=tuple(new.get(r.temperature, r) for r in model.grid.rows))
    return changed
