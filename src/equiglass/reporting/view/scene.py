"""Frames and quantities of a page, and how much of the data it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.fields import FIELDS, REQUIRED_FIELDS
from ...data.moments import Moment
from ...errors import InputError
from ...evaluation.prediction import ORDER
from ...evaluation.score import common_times
from ...simulation.target import DISPLACEMENT, TARGETS, Target
from .made import Array, Made, Values

# More particles, each an object of the browser, are no longer turned fluently.
MOST_PARTICLES = 30_000
MOST_BYTES = 48 << 20  # of numbers, a third more as text


def spread_of(target: Target) -> str:
    """Key of the spread of a model's members."""
    return f"{target.key}_std"


def difference_of(target: Target) -> str:
    """Key of the difference of prediction and measurement."""
    return "difference" if target is DISPLACEMENT else f"difference_{target.column}"


MADE = {ORDER: ("structural order parameter S", "")}
for _t in TARGETS.values():
    MADE |= {
        _t.key: (f"predicted {_t.words}", _t.unit),
        spread_of(_t): ("spread of the model's members", _t.unit),
        difference_of(_t): (f"predicted − measured {_t.words}", _t.unit),
    }
NAMED = {t.field: f"measured {t.words}" for t in TARGETS.values()}
NAMED["propensity_error"] = "standard error of the measurement"
# What is of a particle at rest or in time, in the order of the menu.
KNOWN = tuple(
    name
    for name, f in FIELDS.items()
    if name not in REQUIRED_FIELDS and f.shape in (("N",), ("T", "N"))
)
ORDER_OF_MENU = tuple(
    key for t in TARGETS.values() for key in (t.key, t.field, ORDER, spread_of(t), difference_of(t))
)


@dataclass(frozen=True)
class Shot:
    """A frame with all that is shown of it.

    Attributes
    ----------
    shown
        Indices of the particles that are on the page, in increasing order.
    """

    moment: Moment
    values: Values
    shown: NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """What a page shows, with sentences on what it does not show and what it rests on."""

    title: str
    shots: tuple[Shot, ...]
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Quantities of any frame, those of predictions first."""
        found = {key for shot in self.shots for key in shot.values}
        first = [key for key in dict.fromkeys(ORDER_OF_MENU) if key in found]
        return first + sorted(found - set(first), key=lambda k: (k not in KNOWN, k))

    def times(self, key: str) -> list[float]:
        """Times at which a quantity is known in any frame; none for one without time."""
        return sorted({t for s in self.shots for t in s.values.get(key, {}) if t is not None})


def label_of(key: str) -> tuple[str, str]:
    """What a quantity is called, and its unit."""
    if key in MADE:
        return MADE[key]
    if key in FIELDS:
        unit = FIELDS[key].unit
        return NAMED.get(key, key.replace("_", " ")), "" if unit == "-" else unit
    return key, "sigma"  # a prediction that the publishers stored


def values_of(moment: Moment, made: Made) -> Values:
    """Everything of each particle that is known of a frame, by quantity and time."""
    c = moment.configuration
    known = c.known
    values: Values = {}
    times = [] if c.times is None else [float(t) for t in c.times]
    for name in KNOWN:
        if name in known:
            rows = known[name]
            over_times = FIELDS[name].time_axis is not None
            values[name] = dict(zip(times, rows, strict=True)) if over_times else {None: rows}
    for name, rows in c.predictions.items():
        values[f"stored: {name}"] = dict(zip(times, rows, strict=True))
    values |= made.values
    for target in TARGETS.values():
        if target.key in values and target.field in values:
            _beside(values, target)
    return values


def _beside(values: Values, target: Target) -> None:
    """Add the differences of prediction and measurement at the times that agree."""
    predicted, measured = values[target.key], values[target.field]
    ours, theirs = ([t for t in v if t is not None] for v in (predicted, measured))
    pairs = common_times(ours, theirs)
    if not pairs:
        return
    # One name for times that agree, so that one slider shows both.
    renamed = {ours[i]: theirs[j] for i, j in pairs}
    for key in (target.key, spread_of(target), ORDER):
        if key in values:
            values[key] = {renamed.get(t, t): a for t, a in values[key].items()}  # type: ignore[arg-type]
    predicted = values[target.key]
    values[difference_of(target)] = {t: predicted[t] - measured[t] for t in renamed.values()}


def bytes_of(values: Values, n: int) -> int:
    """Of a frame on the page: positions, radii, ids and all values, in single precision."""
    return n * (4 * (3 + 1 + 1) + 1 + 4 * sum(len(rows) for rows in values.values()))


def chosen_particles(moment: Moment) -> tuple[NDArray[np.int64], str]:
    """Which particles are shown, and what to say if that is not all of them.

    Of too many a slab around the middle of the last axis is shown.
    """
    c = moment.configuration
    n, axis = len(c), c.dimensions - 1
    if n <= MOST_PARTICLES:
        return np.arange(n), ""
    away = np.abs(c.positions[:, axis] - c.box[axis] / 2)
    thickness = 2 * float(np.partition(away, MOST_PARTICLES - 1)[MOST_PARTICLES - 1])
    shown = np.flatnonzero(away <= thickness / 2)[:MOST_PARTICLES]
    return shown, (
        f"of {n:,} particles those of a slab are shown, {thickness:.3g} σ thick around the middle "
        f"of {'xyz'[axis]} ({len(shown):,})"
    )


def chosen_frames(n_frames: int, bytes_each: int, source: str) -> tuple[list[int], str]:
    """Which frames are shown, evenly spread, and what to say if that is not all of them.

    Raises
    ------
    InputError
        If not even one fits a page.
    """
    room = MOST_BYTES // max(bytes_each, 1)
    if room < 1:
        raise InputError(
            "more numbers than a page can show; choose some of the times", source=source,
            field="times", expected=f"at most {MOST_BYTES >> 20} MB of a frame",
            found=f"{bytes_each >> 20} MB",
        )  # fmt: skip
    if room >= n_frames:
        return list(range(n_frames)), ""
    chosen = np.unique(np.linspace(0, n_frames - 1, room).round().astype(int)).tolist()
    return chosen, f"{len(chosen)} of {n_frames} frames are shown, evenly spread"


def at_times(values: Values, times: Sequence[float] | None) -> Values:
    """Values at some of their times alone; what has no time is kept."""
    if times is None:
        return values
    kept = {
        key: {
            t: a
            for t, a in rows.items()
            if t is None or any(abs(t - w) <= 1e-3 * max(abs(t), abs(w)) for w in times)
        }
        for key, rows in values.items()
    }
    return {key: rows for key, rows in kept.items() if rows}


def shown_array(values: Array, shot: Shot) -> NDArray[np.float32]:
    """The shown particles' values in single precision."""
    return np.asarray(values)[shot.shown].astype(np.float32)
