"""Neighbour lists, by vesin; without PyTorch, so that simulation workers start fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .periodic import FloatArray, wrap

# Closer than this, two particles of a liquid are one particle written twice.
OVERLAP = 1e-3


def find_pairs(
    points: Any,
    cell: Any,
    periodic: Any,
    cutoff: float,
    source: str,
    names: NDArray[np.integer] | None = None,
    both_ways: bool = True,
) -> tuple[Any, Any, Any]:
    """Receivers, senders and r_ij of all pairs, by vesin's cell list.

    Parameters
    ----------
    points, cell, periodic
        (N, 3) and (3, 3) float64 and (3,) bool, all NumPy arrays or all tensors on one device:
        vesin works, and the result lies, where they are.
    names
        What the points are called in errors, by default their index.
    both_ways
        Whether each pair is there twice, or once, with either of the two as receiver.

    Returns
    -------
    (n_edges,) unsigned indices, twice, and (n_edges, 3) float64, in vesin's order.

    Raises
    ------
    InputError
        If two points are closer than :data:`OVERLAP`.
    """
    import vesin

    finder = vesin.NeighborList(cutoff=cutoff, full_list=both_ways)
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


def mean_neighbours(
    points: FloatArray, lengths: FloatArray, cutoff: float, periodic: tuple[bool, bool, bool]
) -> float | None:
    """Neighbours closer than ``cutoff`` that one of these points has, on average.

    Vesin imports PyTorch where it is installed; this does not, and only counts. None where no
    graph can be made: in a box shorter than twice the cutoff along a periodic direction, and where
    two points overlap.

    Parameters
    ----------
    points
        (N, 3), sigma.
    lengths
        (3,) edges of the box, sigma.
    """
    from scipy.spatial import KDTree

    sides = np.array([bool(p) for p in periodic])
    if len(points) == 0 or (lengths[sides] < 2 * cutoff).any():
        return None
    folded = wrap(np.asarray(points, dtype=np.float64), np.asarray(lengths, np.float64), periodic)
    tree = KDTree(folded, boxsize=np.where(sides, lengths, 0.0))
    overlapping, near = tree.count_neighbors(tree, [OVERLAP, cutoff])
    return None if overlapping > len(points) else float(near / len(points) - 1)


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
    # Each once, and turned round here: vesin finds pairs both ways in twice the time.
    i, j, r = find_pairs(points, np.diag(lengths), sides, cutoff, source, names, both_ways=False)
    receivers, senders = np.concatenate([i, j]), np.concatenate([j, i])
    return receivers.astype(np.int64), senders.astype(np.int64), np.concatenate([r, -r])
