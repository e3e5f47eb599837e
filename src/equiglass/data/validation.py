"""Whether the arrays of a configuration are as declared, and make sense."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .fields import FIELDS

if TYPE_CHECKING:
    from .configuration import Configuration

TYPE_NAMES = "ABCDEFGH"


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
        expected = tuple(sizes.get(str(axis), axis) for axis in declared.shape)
        if array.shape != expected:
            raise InputError(
                "has the wrong shape", source=source, field=name, expected=expected,
                found=array.shape,
            )  # fmt: skip
        if not declared.may_be_unknown and not np.isfinite(array).all():
            bad = int(np.argwhere(~np.isfinite(array))[0][0])
            raise InputError("not a finite number", source=source, field=name, found=f"entry {bad}")
        # A propensity that is not known at some time is NaN; its loss is masked.
        if declared.may_be_unknown and np.isinf(array).any():
            raise InputError("infinite value", source=source, field=name)
    if (c.box <= 0).any():
        raise InputError("edge lengths must be positive", source=source, field="box", found=c.box)
    if c.times is not None and (np.diff(c.times) <= 0).any():
        raise InputError("must increase", source=source, field="times", found=c.times.tolist())
    _validate_positions(c)
    if c.temperature is not None and not (math.isfinite(c.temperature) and c.temperature > 0):
        raise InputError(
            "must be positive", source=source, field="temperature", found=c.temperature
        )


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
                    expected=f"[0, {c.box[axis]:.6g}) along {'xyz'[axis]}",
                    found=f"{low:.6g} to {high:.6g}",
                )
