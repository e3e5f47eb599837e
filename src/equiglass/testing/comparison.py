"""How far two results differ, and by how much they may."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def relative_error(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Max |found - expected| / max |expected|."""
    scale = float(np.abs(expected).max())
    return float(np.abs(found - expected).max()) / (scale if scale > 0 else 1.0)


def assert_close(
    found: NDArray[np.floating], expected: NDArray[np.floating], tolerance: float, what: str
) -> None:
    """Raise AssertionError if the relative error is above the tolerance."""
    error = relative_error(found, expected)
    assert error < tolerance, f"{what}: relative error {error:.3g}, tolerance {tolerance:g}"
