"""Mobility of pairs of particles by their distance: the sums that C(r) is an average of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..geometry.pairs import neighbour_pairs
from .modes import Twice

Array = NDArray[np.floating[Any]]
WIDTH, REACH = 0.5, 5.0  # sigma


class PairSums(NamedTuple):
    """Of the pairs in each bin of distance, of a mobility m measured twice: the second is o.

    ``counts`` (R,) of pairs; ``singles`` (2, R) sums of (m_i + m_j) / 2, and of o; ``products``
    (R,) of (m_i o_j + m_j o_i) / 2.
    """

    counts: Array
    singles: Array
    products: Array


def pair_sums(
    configuration: Configuration, mobilities: Sequence[Twice], *, of_type: int, n_bins: int
) -> list[PairSums]:
    """The sums of one configuration, of each of several mobilities, in bins of ``WIDTH``.

    Raises
    ------
    InputError
        If two particles of the type overlap.
    """
    c = configuration
    mask = c.types == of_type
    points, box = (a.astype(np.float64) for a in (c.positions[mask], c.box))
    i, j, vectors = neighbour_pairs(points, box, n_bins * WIDTH, c.periodic, source=c.source)
    once = i < j
    i, j = i[once], j[once]
    apart = np.linalg.norm(vectors[once], axis=1)
    where = np.minimum((apart / WIDTH).astype(np.int64), n_bins - 1)
    counts = np.bincount(where, minlength=n_bins).astype(np.float64)

    def total(values: Array) -> Array:
        return np.bincount(where, weights=values, minlength=n_bins).astype(np.float64)

    found = []
    for pair in mobilities:
        m, o = (np.asarray(x, dtype=np.float64)[mask] for x in pair)
        singles = np.stack([total(m[i] + m[j]), total(o[i] + o[j])]) / 2
        found.append(PairSums(counts, singles, total(m[i] * o[j] + m[j] * o[i]) / 2))
    return found


def bins_of(configurations: Sequence[Configuration]) -> int:
    """How many: up to ``REACH``, or half of the smallest box."""
    half = min(float(c.box[: c.dimensions].min()) for c in configurations) / 2
    return int((min(REACH, half) + 1e-9) / WIDTH)


def correlation(sums: Sequence[PairSums], means: Array) -> tuple[Array, Array]:
    """Centres of the bins and <dm_i do_j> there, NaN where no pair is.

    Parameters
    ----------
    means
        (n, 2) of both measurements in each of n configurations, that deviations are from.
    """
    counts = np.sum([s.counts for s in sums], axis=0)
    total = np.sum(
        [
            s.products - mean[1] * s.singles[0] - mean[0] * s.singles[1] + mean.prod() * s.counts
            for s, mean in zip(sums, means, strict=True)
        ],
        axis=0,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        values: Array = np.where(counts > 0, total / counts, np.nan)
    return (np.arange(len(counts)) + 0.5) * WIDTH, values
