"""What is measured on a trajectory: displacements, bonds, F_s, Q, mean-squared displacement.

None of freud, atooms or MDAnalysis offers the isoconfigurational forms, so these few averages
are our own; neighbours come from vesin, crystals from freud.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..extras import need
from ..geometry.pairs import neighbour_pairs
from ..geometry.periodic import minimum_image
from .config import Observables

Array = NDArray[np.float64]


def self_scattering(lengths: Array, wave_number: float, dimensions: int = 3) -> Array:
    """F_s(k, t) of each particle from its displacement, averaged over directions of k.

    sin(kr)/(kr) in three dimensions, the Bessel function J_0(kr) in two.

    Parameters
    ----------
    lengths
        (...,) displacements, sigma.
    """
    if dimensions == 2:
        from scipy.special import j0

        return np.asarray(j0(wave_number * lengths))
    return np.asarray(np.sinc(wave_number * lengths / np.pi))


def per_species(values: Array, types: NDArray[np.integer]) -> Array:
    """Mean over the particles of each species, (..., N) to (..., S)."""
    n = int(types.max()) + 1
    return np.stack([values[..., types == s].mean(axis=-1) for s in range(n)], axis=-1)


class BondCounter:
    """Fraction of its first neighbours that each particle has kept.

    Neighbours are formed and broken at different distances, in units of sigma_ab, so that a
    vibration does not break a bond (Yamamoto and Onuki, Phys. Rev. E 58, 3515 (1998)).
    """

    def __init__(
        self, configuration: Configuration, potential: Potential, settings: Observables
    ) -> None:
        self.configuration = configuration
        self.broken = settings.bond_broken
        sigma = potential.sigma_table()
        positions = configuration.positions.astype(np.float64)
        receivers, senders, _ = neighbour_pairs(
            positions,
            configuration.box.astype(np.float64),
            settings.bond_formed * float(sigma.max()),
            configuration.periodic,
            source=configuration.source,
        )
        pairs = np.stack([receivers, senders])
        types = configuration.types
        scale = sigma[types[pairs[0]], types[pairs[1]]]
        near = self._lengths(pairs, positions) < settings.bond_formed * scale
        self.pairs = pairs[:, near]
        self.scale = scale[near]
        self.n_bonds = np.bincount(self.pairs[0], minlength=len(configuration))

    def _lengths(self, pairs: NDArray[np.integer], positions: Array) -> Array:
        vectors = positions[pairs[1]] - positions[pairs[0]]
        image = minimum_image(vectors, self.configuration.box, self.configuration.periodic)
        return np.asarray(np.linalg.norm(image, axis=1))

    def kept(self, positions: Array) -> Array:
        """(N,) fraction of bonds kept; NaN for a particle that had none."""
        held = self._lengths(self.pairs, positions) < self.broken * self.scale
        count = np.bincount(self.pairs[0], weights=held, minlength=len(self.n_bonds))
        with np.errstate(invalid="ignore"):
            return np.asarray(count / self.n_bonds)


def relaxation_time(times: Array, scattering: Array) -> float | None:
    """tau_alpha: first time at which F_s falls to 1/e, interpolated in log t; None if never."""
    below = np.flatnonzero(scattering < np.exp(-1))
    if not len(below):
        return None
    k = int(below[0])
    if k == 0:
        return float(times[0])
    weight = (scattering[k - 1] - np.exp(-1)) / (scattering[k - 1] - scattering[k])
    return float(np.exp(np.log(times[k - 1]) * (1 - weight) + np.log(times[k]) * weight))


def crystalline_fraction(configuration: Configuration) -> float:
    """Share of the particles in the largest crystalline cluster (freud's solid-liquid criterion).

    ten Wolde et al., J. Chem. Phys. 104, 9932 (1996): l = 6, bonds with q > 0.7, seven of them.
    Zero in two dimensions, where the criterion does not apply.
    """
    if configuration.dimensions == 2:
        return 0.0
    need("freud", why="the observable")
    import freud

    box = configuration.box.astype(float)
    system = (
        freud.box.Box(*box),
        minimum_image(configuration.positions - box / 2, box),
    )
    criterion = freud.order.SolidLiquid(l=6, q_threshold=0.7, solid_threshold=7)
    criterion.compute(system, neighbors={"r_max": 1.4})
    sizes = np.asarray(criterion.cluster_sizes)
    # A cluster of one particle is no crystal.
    largest = int(sizes.max()) if len(sizes) else 0
    return largest / len(configuration) if largest > 1 else 0.0
