"""Positions that continue past the box, from frames that are folded into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geometry.periodic import FloatArray

# Of half the box. A particle that moved by more than half the box would seem to have moved less.
# Displacements thin out exponentially over lengths of a few tenths of sigma, so where the largest
# of all that are seen is well below the half, none has gone past it.
FARTHEST = 0.6


@dataclass(frozen=True)
class Crossings:
    """Where particles went through the periodic boundary between one frame and the next.

    Few do, so they are listed: ``where`` is 3 i + axis, ``by`` the change of the image, and those
    up to frame k are the first ``until[k]``.
    """

    n: int
    where: NDArray[np.int64]
    by: NDArray[np.int8]
    until: NDArray[np.int64]

    def images(self, k: int) -> FloatArray:
        """(N, 3) boxes that each particle is away from where it was in frame 0."""
        stop = int(self.until[k])
        counts = np.bincount(self.where[:stop], weights=self.by[:stop], minlength=3 * self.n)
        return counts.reshape(self.n, 3).astype(np.float64)


def crossings(
    frame: Callable[[int], FloatArray],
    n_frames: int,
    box: FloatArray,
    periodic: tuple[bool, bool, bool],
    source: str,
) -> Crossings:
    """By the nearest image between consecutive frames; goes through the frames once.

    Parameters
    ----------
    frame
        Gives the folded positions, (N, 3), of a frame.

    Raises
    ------
    InputError
        If a particle moves by more than 0.6 of half the box from one frame to the next.
    """
    previous = frame(0)
    where, by, until = [], [], [0]
    turns = np.asarray(periodic)
    for k in range(1, n_frames):
        current = frame(k)
        moved = current - previous
        shift = np.where(turns, np.round(moved / box), 0.0)
        nearest = np.where(turns, np.abs(moved - shift * box) / (box / 2), 0.0)
        if nearest.max() > FARTHEST:
            particle = int(nearest.max(axis=1).argmax())
            raise InputError(
                f"frames {k - 1} and {k} are too far apart to follow particles across the box; "
                "dump image flags (ix iy iz) or unwrapped positions (xu yu zu), or more often",
                source=source,
                expected=f"no particle moving by more than {FARTHEST:g} of half the box",
                found=f"{nearest.max():.2f}, particle {particle}",
            )
        crossed = np.flatnonzero(shift)
        where.append(crossed)
        by.append(-shift.ravel()[crossed].astype(np.int8))
        until.append(until[-1] + len(crossed))
        previous = current
    empty = np.zeros(0, dtype=np.int64)
    return Crossings(
        len(previous),
        np.concatenate([empty, *where]),
        np.concatenate([empty.astype(np.int8), *by]),
        np.array(until),
    )
