"""Neighbour lists, by vesin; without PyTorch, so that simulation workers start fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .periodic import FloatArray

# Closer than this, two particles of a liquid are one particle written twice.
OVERLAP = 1e-3


def find_pairs(
    points: Any,
    cell: Any,
    periodic: Any,
    cutoff: float,
    source: str,
    names: NDArray[np.integer] | None = None,
) -> tuple[Any, Any, Any]:
    """Receivers, senders and r_ij of all pairs, both ways, by vesin's cell list.

    Parameters
    ----------
    points, cell, periodic
        (N, 3) and (3, 3) float64 and (3,) bool, all NumPy arrays or all tensors on one device:
        vesin works, and the result lies, where they are.
    names
        What the points are called in errors, by default their index.

    Returns
    -------
    (n_edges,) unsigned indices, twice, and (n_edges, 3) float64, in vesin's order.

    Raises
    ------
    InputError
        If two points are closer than :data:`OVERLAP`.
    """
    import vesin

    finder = vesin.NeighborList(cutoff=cutoff, full_list=True)
    i, j, vectors, distances = finder.compute(points, cell, periodic, "ijDd")
    if len(distances) and float(distances.min()) < OVERLAP:
        pair = int(distances.argmin())
        first, second = int(i[pair]), int(j[pair])
        if names is not None:
            first, second = int(names[first]), int(names[second])
        raise InputError(
            "two particles overlap",
            source=source,
            field="positions",
            expected=f"distances above {OVERLAP:g}",
            found=f"{float(distances[pair]):.3g} between particles {first} and {second}",
        )
    return i, j, vectors


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
    points
        (N, 3) float64, sigma.
    lengths
        (3,) edges of the box, sigma.
    names
        What the points are called in errors, by default their index.

    Raises
    ------
    InputError
        As :func:`find_pairs`.
    """
    if len(points) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 3))
    sides = list(map(bool, periodic))
    i, j, vectors = find_pairs(points, np.diag(lengths), sides, cutoff, source, names)
    return i.astype(np.int64), j.astype(np.int64), vectors
