"""Whether the arrays of a configuration are as declared, and make sense."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .fields import FIELDS

if TYPE_CHECKING:
    from .configuration import Configuration

TYPE_NAMES = "ABCDEFGH"
# Of a box, in sigma, and of particles in it: neighbour lists of others overflow, or have no end.
LONGEST, DENSEST = 1e6, 1e3
# What is a time, a length, a square or a fraction.
NOT_NEGATIVE = (
    "times",
    "propensity",
    "propensity_error",
    "propensity_halves",
    "bond_breaking",
    "mean_squared_displacement",
    "overlap",
)
POSITIVE = ("diameter",)


def validate(configuration: Configuration) -> None:
    """Raise :class:`InputError` naming source and field if any array is not as declared."""
    c = configuration
    source = c.source
    _validate_types(c)
    sizes: dict[str, int] = {"N": len(c.types), "S": c.n_types}
    if c.times is not None:
        sizes["T"] = len(c.times)
    for name, array in c.known.items():
        declared = FIELDS[name]
        if declared.time_axis is not None and "T" not in sizes:
            raise InputError("needs times beside it", source=source, field=name)
        if "R" in declared.shape and array.ndim == len(declared.shape):
            sizes["R"] = array.shape[declared.shape.index("R")]
        _validate_numbers(c, name, array)
        expected = tuple(sizes.get(str(axis), axis) for axis in declared.shape)
        if array.shape != expected:
            raise InputError(
                "has the wrong shape", source=source, field=name, expected=expected,
                found=array.shape,
            )  # fmt: skip
        if name in NOT_NEGATIVE and (bad := _first(array < 0)) is not None:
            raise InputError(
                "must not be negative", source=source, field=name,
                found=f"{array[bad]} at entry {_named(bad)}",
            )  # fmt: skip
        if name in POSITIVE and (bad := _first(array <= 0)) is not None:
            raise InputError(
                "must be positive", source=source, field=name,
                found=f"{array[bad]} at entry {_named(bad)}",
            )  # fmt: skip
    if (c.box <= 0).any():
        raise InputError("edge lengths must be positive", source=source, field="box", found=c.box)
    if (c.box > LONGEST).any() or len(c) > DENSEST * math.prod(map(float, c.box[: c.dimensions])):
        raise InputError(
            "no liquid has such a box; lengths are in units of sigma", source=source, field="box",
            expected=f"edges up to {LONGEST:g} and densities up to {DENSEST:g}", found=c.box,
        )  # fmt: skip
    if c.times is not None and (np.diff(c.times) <= 0).any():
        bad_row = int(np.argmax(np.diff(c.times) <= 0)) + 1
        raise InputError(
            f"must increase, entry {bad_row} does not", source=source, field="times",
            found=c.times.tolist(),
        )  # fmt: skip
    _validate_predictions(c)
    _validate_positions(c)
    if c.temperature is not None and not (math.isfinite(c.temperature) and c.temperature > 0):
        raise InputError(
            "must be positive", source=source, field="temperature", found=c.temperature
        )


def _validate_numbers(c: Configuration, name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind not in "iuf":
        raise InputError("not numbers", source=c.source, field=name, found=f"dtype {array.dtype}")
    # A propensity that is not known at some time is NaN; its loss is masked. Times are known.
    unknown_allowed = FIELDS[name].may_be_unknown and name != "times"
    if unknown_allowed:
        if (bad := _first(np.isinf(array))) is not None:
            raise InputError(
                "infinite value", source=c.source, field=name, found=f"entry {_named(bad)}"
            )
    elif (bad := _first(~np.isfinite(array))) is not None:
        raise InputError(
            "not a finite number", source=c.source, field=name, found=f"entry {_named(bad)}"
        )


def _validate_predictions(c: Configuration) -> None:
    for method, array in c.predictions.items():
        name = f"predictions/{method}"
        n_times: int | str = "times" if c.times is None else len(c.times)
        if array.ndim != 2 or array.shape[1] != len(c) or n_times not in ("times", len(array)):
            raise InputError(
                "has the wrong shape", source=c.source, field=name,
                expected=(n_times, len(c)), found=array.shape,
            )  # fmt: skip
        if array.dtype.kind not in "iuf" or np.isinf(array).any():
            raise InputError("not finite numbers", source=c.source, field=name)


def _first(wrong: NDArray[np.bool_]) -> tuple[int, ...] | None:
    """Where the first true entry is."""
    return tuple(int(k) for k in np.argwhere(wrong)[0]) if wrong.any() else None


def _named(entry: tuple[int, ...]) -> int | tuple[int, ...]:
    return entry[0] if len(entry) == 1 else entry


def _validate_types(c: Configuration) -> None:
    if c.types.ndim != 1 or not np.issubdtype(c.types.dtype, np.integer):
        raise InputError(
            "must be one integer per particle",
            source=c.source,
            field="types",
            found=f"shape {c.types.shape}, dtype {c.types.dtype}",
        )
    if len(c.types) == 0:
        raise InputError("no particles", source=c.source, field="types")
    if c.types.min() < 0 or c.types.max() >= len(TYPE_NAMES):
        raise InputError(
            "particle types out of range",
            source=c.source,
            field="types",
            expected=f"0 to {len(TYPE_NAMES) - 1}",
            found=f"{c.types.min()} to {c.types.max()}",
        )


def _validate_positions(c: Configuration) -> None:
    for name, array in c.known.items():
        if not FIELDS[name].is_position:
            continue
        for axis in range(3):
            if not c.periodic[axis]:
                continue
            low, high = float(array[:, axis].min()), float(array[:, axis].max())
            # One part in 1e6 of slack: float32 files round coordinates onto the edge.
            if low < -1e-6 * c.box[axis] or high > c.box[axis] * (1 + 1e-6):
                raise InputError(
                    "positions outside the box",
                    source=c.source,
                    field=name,
                    expected=f"[0, {c.box[axis]:.9g}) along {'xyz'[axis]}",
                    found=f"{low:.9g} to {high:.9g}",
                )
