"""Sums over pairs in Gaussian shells: densities of the types, and bond-order parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..extras import need

if TYPE_CHECKING:
    from .descriptors import DescriptorSettings

Array = NDArray[np.floating[Any]]


def radial_densities(
    config: DescriptorSettings,
    lengths: Array,
    places: NDArray[np.int64],
    shape: tuple[int, int],
) -> list[Array]:
    """Densities of each type in the radial shells, (N, n_types) for each shell.

    ``places`` are those of each pair in such an array, flat.
    """
    order = np.argsort(lengths)  # so that a shell is a slice
    lengths, places = lengths[order], places[order]
    result: list[Array] = []
    for kind, radius, width in config.shells():
        if kind == "radial":
            low, high = np.searchsorted(lengths, [radius - 3 * width, radius + 3 * width])
            weight = np.exp(-((lengths[low:high] - radius) ** 2) / (2 * width**2))
            found = np.bincount(places[low:high], weight, shape[0] * shape[1]).astype(np.float64)
            result.append(found.reshape(shape))
    return result


def bond_order(
    configuration: Configuration,
    positions: Array,
    config: DescriptorSettings,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    vectors: Array,
    lengths: Array,
) -> list[Array]:
    """q_l in Gaussian shells, by freud: (N, l_max) for each shell; zero without neighbours."""
    need("freud", why="a model of structural descriptors")
    import freud

    box = freud.box.Box(*configuration.box.astype(float).tolist())
    points = box.wrap(positions - configuration.box / 2)
    degrees = list(range(1, config.l_max + 1))
    result: list[Array] = []
    for kind, radius, width in config.shells():
        if kind != "angular":
            continue
        near = np.abs(lengths - radius) < 3 * width
        neighbours = freud.locality.NeighborList.from_arrays(
            len(points),
            len(points),
            i[near].astype(np.uint32),
            j[near].astype(np.uint32),
            vectors[near].astype(np.float32),
            np.exp(-((lengths[near] - radius) ** 2) / (2 * width**2)).astype(np.float32),
        )
        order = freud.order.Steinhardt(l=degrees, weighted=True)
        order.compute((box, points), neighbors=neighbours)
        result.append(np.nan_to_num(np.asarray(order.particle_order, dtype=np.float64)))
    return result
