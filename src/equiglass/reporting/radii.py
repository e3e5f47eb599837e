"""How large particles are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration

Array = NDArray[np.floating[Any]]


def radii_of(configuration: Configuration) -> tuple[Array, str]:
    """Radii of particles, sigma, and where they come from.

    Half of the diameters that the data state; else of sigma_tt of the potential, for a particle of
    type t; else of 1.

    Returns
    -------
    (N,), and words for them.
    """
    c = configuration
    if c.diameter is not None:
        return np.asarray(c.diameter, dtype=np.float64) / 2, "diameters in the data"
    if c.potential is not None and c.n_types <= len(c.potential.species):
        sigma = np.diag(c.potential.sigma_table())
        return sigma[c.types] / 2, f"σ of the potential {c.potential.name}"
    return np.full(len(c), 0.5), "neither diameters nor a potential known: all alike"
