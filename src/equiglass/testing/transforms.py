"""Transformed configurations, for checks of what must not change with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import POSITION_FIELDS, Configuration
from ..data.fields import FIELDS
from ..geometry.periodic import wrap


def transformed(configuration: Configuration, matrix: NDArray[np.floating]) -> Configuration:
    """A configuration under a signed permutation of the axes, which keeps the box orthorhombic.

    Any rotation is tested on clusters by :func:`assert_rotation_invariant`.
    """
    box = np.abs(matrix @ configuration.box)
    changes = {
        name: wrap(getattr(configuration, name) @ matrix.T, box, configuration.periodic)
        for name in POSITION_FIELDS
        if getattr(configuration, name) is not None
    }
    return configuration.replace(box=box, **changes)


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


def rotated(configuration: Configuration, matrix: NDArray[np.floating]) -> Configuration:
    """A :func:`cluster` turned about the middle of its box."""
    centre = configuration.box / 2
    changes = {
        name: (getattr(configuration, name) - centre) @ matrix.T + centre
        for name in POSITION_FIELDS
        if getattr(configuration, name) is not None
    }
    return configuration.replace(**changes)


def shifted(configuration: Configuration, shift: Sequence[float]) -> Configuration:
    """All positions moved through the periodic box."""
    c = configuration
    changes = {
        name: wrap(getattr(c, name) + np.asarray(shift), c.box, c.periodic)
        for name in POSITION_FIELDS
        if getattr(c, name) is not None
    }
    return c.replace(**changes)


def unlabelled(configuration: Configuration) -> Configuration:
    """Without targets and observables: what a model reads."""
    names = [name for name, f in FIELDS.items() if f.kind in ("target", "observable")]
    return configuration.replace(**dict.fromkeys(names), predictions={})


def permuted(configuration: Configuration, order: NDArray[np.integer]) -> Configuration:
    """Particles in another order, without labels; to become ``Configuration.permuted``."""
    c = unlabelled(configuration)
    changes = {
        name: np.take(getattr(c, name), order, axis=f.shape.index("N"))
        for name, f in FIELDS.items()
        if "N" in f.shape and getattr(c, name) is not None
    }
    return c.replace(**changes)
