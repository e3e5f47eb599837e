"""Neighbour lists, by vesin; without PyTorch, so that simulation workers start fast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .periodic import FloatArray

# Closer than this, two particles of a liquid are one particle written twice.
OVERLAP = 1e-3


def overlap_error(distance: float, first: int, second: int, source: str) -> InputError:
    """What is raised for two particles that are closer than :data:`OVERLAP`."""
    return InputError(
        "two particles overlap",
        source=source,
        field="positions",
        expected=f"distances above {OVERLAP:g}",
        found=f"{distance:.3g} between particles {first} and {second}",
    )


def neighbour_pairs(
    points: FloatArray,
    lengths: FloatArray,
    cutoff: float,
    periodic: Sequence[bool],
    *,
    names: NDArray[np.integer] | None = None,
    source: str = "configuration",
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Receivers, senders and r_ij of all pairs of these points, both ways, every image.

    Parameters
    ----------
    names
        What the points are called in errors, by default their index.
    """
    import vesin

    if len(points) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 3))
    finder = vesin.NeighborList(cutoff=cutoff, full_list=True)
    i, j, vectors, distances = finder.compute(
        points, np.diag(lengths), list(map(bool, periodic)), "ijDd"
    )
    if len(distances) and distances.min() < OVERLAP:
        pair = int(distances.argmin())
        called = np.arange(len(points)) if names is None else names
        raise overlap_error(distances[pair], called[i[pair]], called[j[pair]], source)
    return i.astype(np.int64), j.astype(np.int64), vectors
