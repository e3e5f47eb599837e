"""How far mobility is correlated in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..geometry.pairs import neighbour_pairs

Array = NDArray[np.floating[Any]]


def mobility_correlation(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    *,
    of_type: int = 0,
    width: float = 0.5,
) -> tuple[Array, Array]:
    """C(r) = <dm_i dm_j> / <dm^2> of pairs at distance r, dm the deviation from the mean.

    Parameters
    ----------
    mobilities
        (N,) per configuration; the mean is that over the type in all configurations.
    width
        Of the bins of distance, sigma. They end at half of the smallest box.

    Returns
    -------
    Centres of the bins and C there.
    """
    masks = [c.types == of_type for c in configurations]
    pooled = np.concatenate([m[k] for m, k in zip(mobilities, masks, strict=True)])
    mean, variance = pooled.mean(), pooled.var()
    reach = min(float(c.box[: c.dimensions].min()) for c in configurations) / 2
    edges = np.arange(width, reach + 1e-9, width)
    products, counts = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for c, m, mask in zip(configurations, mobilities, masks, strict=True):
        i, j, vectors = neighbour_pairs(
            c.positions[mask].astype(np.float64),
            c.box.astype(np.float64),
            reach,
            c.periodic,
            source=c.source,
        )
        deviation = (m[mask] - mean) / variance**0.5
        which = np.digitize(np.linalg.norm(vectors, axis=1), edges) - 1
        valid = (which >= 0) & (which < len(counts))
        products += np.bincount(
            which[valid], (deviation[i] * deviation[j])[valid], minlength=len(counts)
        )
        counts += np.bincount(which[valid], minlength=len(counts))
    centres = (edges[1:] + edges[:-1]) / 2
    with np.errstate(invalid="ignore"):
        return centres, products / counts


def correlation_length(r: Array, c: Array) -> float:
    """Length of C = a exp(-r / xi), fitted where C is above a twentieth of its first value."""
    first = int(np.argmax(np.isfinite(c)))
    low = np.flatnonzero(~(c > 0.05 * c[first]))
    stop = next((int(k) for k in low if k > first), len(c))
    if stop - first < 2:
        return float("nan")
    slope, _ = np.polyfit(r[first:stop], np.log(c[first:stop]), 1)
    return float(-1 / slope)
