"""Times of the frames of a trajectory."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import AssumptionWarning, InputError
from .readers.series import Stamp

Array = NDArray[np.float64]


def states_times(stamps: Sequence[Stamp]) -> bool:
    """Whether each frame states its time."""
    return bool(stamps) and all(stamp.time is not None for stamp in stamps)


def stamped_times(
    stamps: Sequence[Stamp], timestep: float | None, source: str
) -> tuple[Array, NDArray[np.int64]]:
    """Times of the frames, tau_LJ, and which frames they are.

    A frame at the time of the one before it, as a restarted run writes, is left out, and that is
    said.

    Raises
    ------
    InputError
        If neither the file nor the timestep says the times, or they do not increase.
    """
    if timestep is not None and not (np.isfinite(timestep) and timestep > 0):
        raise InputError("must be positive", field="timestep", found=timestep)
    steps = [stamp.step for stamp in stamps]
    stated = states_times(stamps)
    if timestep is not None and all(step is not None for step in steps):
        with np.errstate(over="ignore"):
            times = timestep * np.array(steps, dtype=np.float64)
    elif stated:
        if timestep is not None:
            raise InputError(
                "the file states times and no steps; leave the timestep out", source=source,
                field="timestep", found=timestep,
            )  # fmt: skip
        times = np.array([stamp.time for stamp in stamps], dtype=np.float64)
    elif timestep is not None and all(step is None for step in steps):
        warnings.warn(
            f"{source}: frames state no steps; they are taken as {timestep:g} apart",
            AssumptionWarning,
            stacklevel=5,
        )
        with np.errstate(over="ignore"):
            times = timestep * np.arange(len(stamps), dtype=np.float64)
    else:
        raise InputError(
            "times of the frames are not known", source=source, field="times",
            expected="the integration timestep: --timestep DT (timestep= in Python)",
            found="steps" if all(step is not None for step in steps) else "neither steps nor times",
        )  # fmt: skip
    return _increasing(times, source)


def _increasing(times: Array, source: str) -> tuple[Array, NDArray[np.int64]]:
    with np.errstate(invalid="ignore"):
        differences = np.diff(times)
    if not np.isfinite(times).all() or (differences < 0).any():
        k = int(np.argmax(~(differences >= 0)))
        raise InputError(
            "times of the frames must increase", source=source, field="times",
            found=f"{times[k]:g}, {times[k + 1]:g}",
        )  # fmt: skip
    index = np.flatnonzero(np.concatenate([[True], differences > 0]))
    if len(index) < len(times):
        warnings.warn(
            f"{source}: {len(times) - len(index)} frames at the time of the one before are left "
            "out",
            AssumptionWarning,
            stacklevel=6,
        )
    if len(index) < 2:
        raise InputError(
            "a trajectory needs frames at two times", source=source, field="times",
            found=f"{times[0]:g}",
        )  # fmt: skip
    return times[index], index
