"""How far mobility is correlated in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..extras import need

Array = NDArray[np.floating[Any]]


def mobility_correlation(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    *,
    of_type: int = 0,
    width: float = 0.5,
) -> tuple[Array, Array]:
    """C(r) = <dm_i dm_j> / <dm^2> of pairs at distance r, dm the deviation from the mean.

    By freud's correlation function, whose positions are float32.

    Parameters
    ----------
    mobilities
        (N,) per configuration; the mean is that over the type in all configurations.
    width
        Of the bins of distance, sigma. They end at half of the smallest box.

    Returns
    -------
    Centres of the bins, without that at the origin, and C there, NaN where no pair is.
    """
    need("freud", why="this analysis")
    import freud

    masks = [c.types == of_type for c in configurations]
    pooled = np.concatenate([m[k] for m, k in zip(mobilities, masks, strict=True)])
    mean, std = pooled.mean(), pooled.std()
    reach = min(float(c.box[: c.dimensions].min()) for c in configurations) / 2
    n_bins = int((reach + 1e-9) / width)
    # freud's distances end short of half a box.
    correlation = freud.density.CorrelationFunction(n_bins, min(n_bins * width, reach * (1 - 1e-6)))
    for k, (c, m, mask) in enumerate(zip(configurations, mobilities, masks, strict=True)):
        lengths = c.box.astype(np.float64)
        box = freud.box.Box(*lengths[: c.dimensions].tolist())
        box.periodic = c.periodic
        points = c.positions[mask] - lengths / 2
        if c.dimensions == 2:
            points[:, 2] = 0
        deviations = ((m[mask] - mean) / std).astype(np.complex128)
        # With one set of points a particle is no neighbour of its own.
        correlation.compute((box, box.wrap(points)), deviations, reset=k == 0)
    found = np.where(correlation.bin_counts > 0, np.real(correlation.correlation), np.nan)
    return (np.arange(n_bins) + 0.5)[1:] * width, found[1:]


def correlation_length(r: Array, c: Array) -> float:
    """Length of C = a exp(-r / xi), fitted where C is above a twentieth of its first value.

    NaN where that is not positive, or C does not fall.
    """
    first = int(np.argmax(np.isfinite(c)))
    if not c[first] > 0:
        return float("nan")
    low = np.flatnonzero(~(c > 0.05 * c[first]))
    stop = next((int(k) for k in low if k > first), len(c))
    if stop - first < 2:
        return float("nan")
    slope, _ = np.polyfit(r[first:stop], np.log(c[first:stop]), 1)
    return float(-1 / slope) if slope < 0 else float("nan")
