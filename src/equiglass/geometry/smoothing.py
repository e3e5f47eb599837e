"""Averages over a Gaussian neighbourhood: a quantity of particles made coarser."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .periodic import FloatArray, wrap

Floats = NDArray[np.float64]

REACH = 3.0  # widths after which a weight, 0.011 of the largest there, counts as nothing
BLOCK = 512  # particles whose pairs are in memory at a time


def gaussian_averages(
    points: FloatArray,
    lengths: FloatArray,
    values: NDArray[np.floating[Any]],
    widths: Sequence[float],
    periodic: Sequence[bool] = (True, True, True),
) -> Floats:
    """Sum_j exp(-r_ij^2 / 2 w^2) v_j over the sum of the weights, for each width w.

    Over all particles closer than three widths, the particle itself among them, with every
    periodic image. Memory is that of the pairs of some hundred particles.

    Parameters
    ----------
    points
        (N, 3), sigma.
    lengths
        (3,) edges of the box, sigma.
    values
        (N,).
    widths
        Positive, sigma.

    Returns
    -------
    (N, n_widths)
    """
    from scipy.spatial import KDTree

    sides = np.array(list(map(bool, periodic)))
    box = np.asarray(lengths, dtype=np.float64)
    folded: Floats = wrap(np.asarray(points, np.float64), box, tuple(sides.tolist()))  # type: ignore[assignment]
    reach = REACH * max(widths)
    images, names = _images(folded, box, reach, sides)
    tree = KDTree(images)
    source = np.asarray(values, dtype=np.float64)[names]
    result = np.empty((len(folded), len(widths)))
    # Neighbours in space are neighbours in a block, so that its part of the tree is small.
    order = np.lexsort((folded[:, 2], folded[:, 1], np.floor(folded[:, 0] / max(reach, 1.0))))
    for start in range(0, len(order), BLOCK):
        mine = order[start : start + BLOCK]
        pairs = KDTree(folded[mine]).sparse_distance_matrix(tree, reach, output_type="ndarray")
        square = pairs["v"] ** 2
        for k, width in enumerate(widths):
            near = square <= (REACH * width) ** 2
            weight = np.exp(-square[near] / (2 * width**2))
            i = pairs["i"][near]
            total = np.bincount(i, weight * source[pairs["j"][near]], len(mine))
            result[mine, k] = total / np.bincount(i, weight, len(mine))
    return result


def _images(
    folded: Floats, box: Floats, reach: float, sides: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.int64]]:
    """Points and their periodic images within ``reach`` of the box, and which point each is."""
    counts = [
        int(np.ceil(reach / edge)) if side else 0 for edge, side in zip(box, sides, strict=True)
    ]
    points, names = [], []
    for shift in product(*(range(-n, n + 1) for n in counts)):
        moved = folded + np.array(shift) * box
        outside = np.maximum(np.maximum(-moved, moved - box), 0.0)[:, sides]
        near = np.flatnonzero((outside <= reach).all(axis=1))
        points.append(moved[near])
        names.append(near)
    return np.concatenate(points), np.concatenate(names)
