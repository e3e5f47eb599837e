"""Rotations, and clusters that can be turned by any of them, for checks of symmetry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import POSITION_FIELDS, Configuration


def cluster(configuration: Configuration, margin: float) -> Configuration:
    """The same particles in the middle of a box so large that no image is near.

    Positions are unfolded about the box's centre; differences to other position fields are kept.
    """
    c = configuration
    radius = np.linalg.norm(c.box) / 2 + margin
    box = np.full(3, 4 * radius)
    centre = box / 2
    base = c.positions - c.box / 2 + centre
    changes = {"positions": base}
    for name in POSITION_FIELDS[1:]:
        if getattr(c, name) is not None:
            changes[name] = base + c.displacement(name)
    return c.replace(box=box, **changes)


def random_rotation(seed: int, *, reflect: bool = False) -> NDArray[np.float64]:
    """A rotation drawn uniformly, or a rotation times a reflection."""
    from scipy.stats import special_ortho_group

    matrix = special_ortho_group.rvs(3, random_state=seed)
    result: NDArray[np.float64] = -matrix if reflect else matrix
    return result
