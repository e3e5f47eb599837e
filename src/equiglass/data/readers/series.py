"""What a file of frames in time is to the reader of trajectories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...geometry.periodic import FloatArray
from ..configuration import Configuration


@dataclass(frozen=True)
class Stamp:
    """When a frame was taken, as far as the file says: a number of steps, or a time in tau_LJ."""

    step: int | None = None
    time: float | None = None


@dataclass(frozen=True)
class Frame:
    """One frame, its particles in the order of the file.

    Attributes
    ----------
    unwrapped
        (N, 3) positions that continue past the box, where the file states them or the images.
    ids
        (N,) by which particles are known in every frame; None where their order says it.
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
