"""What a file of frames in time is to the reader of trajectories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.periodic import FloatArray
from ..configuration import Configuration

UNWRAPPED = "unwrapped"  # the array of atoms that a reader puts positions past the box into
STEPS, TIMES = ("step", "timestep"), ("time",)


@dataclass(frozen=True)
class Stamp:
    """When a frame was taken, as far as the file says: a number of steps, or a time in tau_LJ."""

    step: int | None = None
    time: float | None = None


def first_of(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value under one of these names, in lower or upper case; None if there is none."""
    lower = {str(key).lower(): value for key, value in values.items()}
    return next((lower[name] for name in names if name in lower), None)


def whole_step(value: Any) -> int:
    """A number of steps.

    Raises
    ------
    ValueError
        For what is no whole number, or one that LAMMPS and GSD cannot count to.
    """
    step = int(value)
    if abs(step) >= 2**63 or step != float(value):
        raise ValueError(f"{value} is no number of steps")
    return step


def stamp_of(stated: Mapping[str, Any], source: str) -> Stamp:
    """The stamp of a frame that names its step or time.

    Raises
    ------
    InputError
        For what is no number.
    """
    step, time = first_of(stated, STEPS), first_of(stated, TIMES)
    try:
        return Stamp(
            None if step is None else whole_step(step), None if time is None else float(time)
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError("not a number", source=source, field="step or time") from error


@dataclass(frozen=True)
class Frame:
    """One frame, its particles in the order of their ids where it has them.

    Attributes
    ----------
    unwrapped
        (N, 3) positions that continue past the box, where the file states them or the images.
    ids
        (N,) increasing, by which particles are known in every frame; None where their order
        says it.
    energy
        Potential energy per particle, epsilon, where it is stated.
    """

    configuration: Configuration
    unwrapped: FloatArray | None = None
    ids: NDArray[np.int64] | None = None
    energy: float | None = None


@dataclass(frozen=True)
class Series:
    """The frames of a file, each read when it is asked for.

    Attributes
    ----------
    read
        Reads frame k. A :func:`functools.partial` of a function of a module, so that trajectories
        can be sent to other processes.
    cut
        Whether the file ends in a frame that is not whole, which is not among these.
    """

    format: str
    stamps: Sequence[Stamp]
    read: Callable[[int], Frame]
    cut: bool = False

    def __len__(self) -> int:
        return len(self.stamps)
