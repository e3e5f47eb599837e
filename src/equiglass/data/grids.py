"""Grids of times: that of several data sets together, and one configuration on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .configuration import Configuration
from .fields import FIELDS

Array = NDArray[np.floating[Any]]
SAME = 1e-3  # of a time: published grids are rounded to three digits


def union_of_times(grids: Iterable[Sequence[float] | Array]) -> tuple[float, ...]:
    """All times of some grids, increasing; of those alike to one in a thousand the first seen."""
    known: list[float] = []
    for grid in grids:
        for time in map(float, grid):
            if not any(abs(time - other) <= SAME * max(time, other) for other in known):
                known.append(time)
    return tuple(sorted(known))


def rows_on(times: Sequence[float] | Array, grid: Sequence[float], source: str) -> list[int]:
    """For each time the row of the grid that it is.

    Raises
    ------
    InputError
        If the grid does not have it, or two of the times are one there.
    """
    wanted = np.asarray(grid, dtype=np.float64)
    rows = [int(np.abs(wanted - t).argmin()) for t in times]
    for t, row in zip(times, rows, strict=True):
        if abs(t - wanted[row]) > SAME * max(float(t), wanted[row]):
            raise InputError(
                "a time that is not among those learned", source=source, field="times",
                expected=list(grid), found=float(t),
            )  # fmt: skip
    if len(set(rows)) < len(rows):
        raise InputError(
            "times that differ by less than one in a thousand", source=source, field="times",
            found=[float(t) for t in times],
        )  # fmt: skip
    return rows


def at_known_times(configuration: Configuration, grid: Sequence[float]) -> Configuration:
    """The configuration at those of its times that a grid has.

    Raises
    ------
    InputError
        If that is none of them.
    """
    c = configuration
    assert c.times is not None
    rows = [
        k
        for k, time in enumerate(c.times)
        if any(abs(time - other) <= SAME * max(time, other) for other in grid)
    ]
    if not rows:
        raise InputError(
            "has labels at none of the times that are learned", source=c.source, field="times",
            expected=list(grid), found=[float(t) for t in c.times],
        )  # fmt: skip
    return c if len(rows) == len(c.times) else c.at_times(rows)


def propensity_on(configuration: Configuration, grid: Sequence[float]) -> NDArray[Any]:
    """(T, N) propensity at the times of a grid, NaN where it is not known."""
    c = configuration
    assert c.propensity is not None and c.times is not None
    rows = rows_on(c.times, grid, c.source)
    return c.propensity if len(rows) == len(grid) else _spread(c.propensity, 0, rows, len(grid))


def on_grid(configuration: Configuration, grid: Sequence[float]) -> Configuration:
    """The configuration with targets at the times of a grid, NaN where they are not known.

    Observables have no gaps and are left out where there are some.
    """
    c = configuration
    assert c.times is not None
    rows = rows_on(c.times, grid, c.source)
    if len(rows) == len(grid):
        return c if np.array_equal(c.times, grid) else c.replace(times=np.asarray(grid))
    changes: dict[str, Any] = {"times": np.asarray(grid, dtype=np.float64), "predictions": {}}
    for name, array in c.known.items():
        field = FIELDS[name]
        if name == "times" or field.time_axis is None:
            continue
        gaps = field.may_be_unknown
        changes[name] = _spread(array, field.time_axis, rows, len(grid)) if gaps else None
    return c.replace(**changes)


def _spread(array: NDArray[Any], axis: int, rows: Sequence[int], length: int) -> NDArray[Any]:
    shape = [length if k == axis else n for k, n in enumerate(array.shape)]
    result = np.full(shape, np.nan, dtype=np.result_type(array.dtype, np.float32))
    np.moveaxis(result, axis, 0)[list(rows)] = np.moveaxis(array, axis, 0)
    return result
