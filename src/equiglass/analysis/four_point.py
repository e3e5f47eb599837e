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
from .modes import Averages, Modes, Twice, averages, modes_of
from .pair_sums import PairSums, bins_of, correlation, pair_sums
from .spatial import correlation_length
from .structure_factor import ornstein_zernike, require_wave_vectors, shell_width

Array = NDArray[np.floating[Any]]
Sums = tuple[Modes, PairSums]
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
    xi
        Length of S_4, by :func:`equiglass.analysis.structure_factor.ornstein_zernike`.
    length
        That of C(r) = <dm_i dm_j> of pairs at distance r, a exp(-r / length), by
        :func:`equiglass.analysis.spatial.correlation_length` up to 5 sigma or half of the box;
        here dm is the deviation from the mean of the configuration.
    s4_interval, chi4_interval, xi_interval, length_interval
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
    length: float = float("nan")
    chi4_interval: float | None = None
    xi_interval: float | None = None
    length_interval: float | None = None
    s4_interval: list[float | None] = field(default_factory=list, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, where what is not known is None."""
        content = asdict(self)
        for name in ("chi4", "xi", "length"):
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
    width, n_bins = shell_width(configurations), bins_of(configurations)
    sums = [
        zip(
            modes_of(c, pairs, of_type=of_type, q_max=q_max),
            pair_sums(c, pairs, of_type=of_type, n_bins=n_bins),
            strict=True,
        )
        for c, pairs in zip(configurations, zip(*fields.values(), strict=True), strict=True)
    ]
    rows = [
        _row(mobility, time, temperature, own, width)
        for (time, mobility), own in zip(fields, zip(*sums, strict=True), strict=True)
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
    mobility: str, time: float, temperature: float | None, sums: Sequence[Sums], width: float
) -> FourPoint:
    found, numbers = _numbers(sums, width)
    intervals: list[float | None] = [None] * len(numbers)
    if len(sums) > 2:
        without = [_numbers([*sums[:k], *sums[k + 1 :]], width)[1] for k in range(len(sums))]
        # Boxes of several sizes may have shells that only one of them fills.
        if {len(part) for part in without} == {len(numbers)}:
            pairs = zip(numbers, zip(*without, strict=True), strict=True)
            intervals = [_jackknife(value, part) for value, part in pairs]
    chi4, xi, length, *s4 = numbers
    return FourPoint(
        mobility, time, found.variance, chi4, xi, found.q.tolist(), s4, temperature, len(sums),
        length, intervals[0], intervals[1], intervals[2], intervals[3:],
    )  # fmt: skip


def _numbers(sums: Sequence[Sums], width: float) -> tuple[Averages, list[float]]:
    """chi_4 over the variance, both lengths, and S_4 over the variance of every shell."""
    found = averages([modes for modes, _ in sums], width=width)
    # Where all move alike, or noise is all there is, nothing is known of how.
    unit = found.variance if found.variance > 0 else float("nan")
    # What configurations differ by as a whole is in chi_4, and no matter of distance.
    means = np.array([modes.means for modes, _ in sums])
    length = correlation_length(*correlation([pairs for _, pairs in sums], means))
    xi = ornstein_zernike(found.q, found.s4)[1]
    return found, [found.chi4 / unit, xi, length, *(found.s4 / unit).tolist()]


def _jackknife(whole: float, without: Sequence[float]) -> float | None:
    """Half width of the 95 % interval, by Student's t on pseudo-values (Tukey 1958)."""
    n = len(without)
    values = [n * whole - (n - 1) * part for part in without]
    interval = mean_interval(values) if np.isfinite(values).all() else None
    return None if interval is None else interval[1]
