"""Four-point functions of what a model predicts and of what was measured, at one temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..evaluation.intervals import mean_interval
from ..evaluation.predictors import Predictor
from ..evaluation.score import common_times, measured_at
from ..models.propensity import PropensityModel
from ..simulation.target import DISPLACEMENT
from .modes import Modes, Twice, averages, modes_of
from .structure_factor import ornstein_zernike, require_wave_vectors, shell_width

Array = NDArray[np.floating[Any]]
PREDICTED, MEASURED, NOISELESS = "predicted", "measured", "measured, noise removed"


@dataclass(frozen=True)
class FourPoint:
    """Four-point functions of one mobility field, over its variance: measured or predicted.

    Dividing by the variance over particles takes out that predictions vary less than what they
    predict. ``chi4`` and ``s4`` are 1 for mobilities that are independent of each other.

    Attributes
    ----------
    mobility
        ``predicted``; ``measured`` as the labels are, means over few runs; or ``measured, noise
        removed``: all averages are of products of the means of the two halves of the runs, whose
        noise is independent.
    temperature
        Of the configurations, if they state it.
    n_configurations
        That are averaged.
    chi4_interval, xi_interval
        Half width of the 95 % interval over configurations (jackknife); None for fewer than three
        of them, or where a value without one of them is not known.
    """

    mobility: str
    time: float
    variance: float
    chi4: float
    xi: float
    q: list[float] = field(repr=False)
    s4: list[float] = field(repr=False)
    temperature: float | None = None
    n_configurations: int = 0
    chi4_interval: float | None = None
    xi_interval: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON, where what is not known is None."""
        content = asdict(self)
        for name in ("chi4", "xi"):
            if not np.isfinite(content[name]):
                content[name] = None
        content["s4"] = [value if np.isfinite(value) else None for value in self.s4]
        return content


def four_point(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    *,
    of_type: int = 0,
    q_max: float = 4.0,
    predict: Predictor | None = None,
) -> list[FourPoint]:
    """chi_4, S_4(q) and its length, at every time of the model, predicted and, if known, measured.

    Measured at the times at which the propensity of every particle of the type is known; without
    the noise of the labels where the two halves of the runs are known of all configurations.

    Parameters
    ----------
    predict
        In place of the model's own, for one that watches it.

    Raises
    ------
    InputError
        For configurations of several temperatures, without a periodic box, or without particles of
        the type.
    """
    temperature = _check(model, configurations, of_type)
    require_wave_vectors(configurations, q_max)
    predictions = [(predict or model.predict)(c) for c in configurations]
    fields: dict[tuple[float, str], list[Twice]] = {}
    for k, time in enumerate(model.times):
        fields[time, PREDICTED] = [(p[k], p[k]) for p in predictions]
        # A sum over particles needs the mobility of every one of them.
        measured = measured_at(configurations, time)
        if measured is not None and _known(configurations, measured, of_type):
            fields[time, MEASURED] = [(m, m) for m in measured]
        halves = halves_at(configurations, time)
        if halves is not None and all(
            _known(configurations, part, of_type) for part in zip(*halves, strict=True)
        ):
            fields[time, NOISELESS] = halves
    modes = [
        modes_of(c, pairs, of_type=of_type, q_max=q_max)
        for c, pairs in zip(configurations, zip(*fields.values(), strict=True), strict=True)
    ]
    width = shell_width(configurations)
    rows = [
        _row(mobility, time, temperature, own, width)
        for (time, mobility), own in zip(fields, zip(*modes, strict=True), strict=True)
    ]
    return sorted(rows, key=lambda r: (r.time, r.mobility))


def halves_at(configurations: Sequence[Configuration], time: float) -> list[Twice] | None:
    """Mean mobility (N,) over each half of the runs at a time; None where one does not know it."""
    found: list[Twice] = []
    for c in configurations:
        if c.propensity_halves is None or c.times is None:
            return None
        pairs = common_times([time], c.times.tolist())
        if not pairs:
            return None
        first, second = c.propensity_halves[pairs[0][1]]
        found.append((first, second))
    return found


def _check(
    model: PropensityModel, configurations: Sequence[Configuration], of_type: int
) -> float | None:
    """The one temperature, if it is stated."""
    if model.card.target != DISPLACEMENT.name:
        raise InputError(
            "four-point functions are of displacements", source=model.card.name, field="target",
            expected=DISPLACEMENT.name, found=model.card.target,
        )  # fmt: skip
    for c in configurations:
        if not (c.types == of_type).any():
            raise InputError(
                "has no particles of the type whose mobility is looked at", source=c.source,
                field="types", expected=TYPE_NAMES[of_type], found=c.composition,
            )  # fmt: skip
    temperatures = sorted({c.temperature for c in configurations if c.temperature is not None})
    if len(temperatures) > 1:
        raise InputError(
            "four-point functions are averages at one temperature",
            source=configurations[0].source,
            field="temperature",
            expected="one",
            found=temperatures,
        )
    return temperatures[0] if temperatures else None


def _known(configurations: Sequence[Configuration], values: Sequence[Array], of_type: int) -> bool:
    return all(
        bool(np.isfinite(m[c.types == of_type]).all())
        for m, c in zip(values, configurations, strict=True)
    )


def _row(
    mobility: str, time: float, temperature: float | None, modes: Sequence[Modes], width: float
) -> FourPoint:
    found = averages(modes, width=width)
    # Where all move alike, or noise is all there is, nothing is known of how.
    unit = found.variance if found.variance > 0 else float("nan")
    whole = _numbers(modes, width)
    intervals: list[float | None] = [None, None]
    if len(modes) > 2:
        without = [_numbers([*modes[:k], *modes[k + 1 :]], width) for k in range(len(modes))]
        pairs = zip(whole, zip(*without, strict=True), strict=True)
        intervals = [_jackknife(value, part) for value, part in pairs]
    return FourPoint(
        mobility, time, found.variance, *whole, found.q.tolist(), (found.s4 / unit).tolist(),
        temperature, len(modes), *intervals,
    )  # fmt: skip


def _numbers(modes: Sequence[Modes], width: float) -> tuple[float, float]:
    """chi_4 over the variance, and the length."""
    found = averages(modes, width=width)
    unit = found.variance if found.variance > 0 else float("nan")
    return found.chi4 / unit, ornstein_zernike(found.q, found.s4)[1]


def _jackknife(whole: float, without: Sequence[float]) -> float | None:
    """Half width of the 95 % interval, by Student's t on pseudo-values (Tukey 1958)."""
    n = len(without)
    values = [n * whole - (n - 1) * part for part in without]
    interval = mean_interval(values) if np.isfinite(values).all() else None
    return None if interval is None else interval[1]
