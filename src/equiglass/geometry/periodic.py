"""Vectors and positions in an orthorhombic periodic box."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def minimum_image(
    vectors: FloatArray, box: FloatArray, periodic: tuple[bool, bool, bool] = (True, True, True)
) -> FloatArray:
    """Shortest periodic image of each vector, (..., 3)."""
    shift = box * np.round(vectors / box)
    result: FloatArray = vectors - np.where(np.asarray(periodic), shift, 0.0)
    return result


def wrap(
    positions: FloatArray, box: FloatArray, periodic: tuple[bool, bool, bool] = (True, True, True)
) -> FloatArray:
    """Positions folded into [0, L) along the periodic directions, in their dtype if of floats."""
    if positions.dtype.kind != "f":
        positions = positions.astype(np.float64)  # a box of integers would be another
    lengths = np.asarray(box, dtype=positions.dtype)
    folded = positions - lengths * np.floor(positions / lengths)
    # Rounding can put a tiny negative coordinate exactly on L.
    folded = np.where(folded >= lengths, folded - lengths, folded)
    result: FloatArray = np.where(np.asarray(periodic), folded, positions)
    return result
