"""Mobility in Fourier space: the sums over particles that four-point functions are averages of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..errors import InputError

Array = NDArray[np.floating[Any]]
Waves = NDArray[np.complexfloating[Any, Any]]
# A mobility (N,), measured twice; where the second is the first, its noise counts as mobility.
Twice = tuple[Array, Array]


@dataclass(frozen=True)
class Modes:
    """Sums over the n particles of a type in one configuration, of a mobility measured twice.

    Attributes
    ----------
    q
        (V,) wave numbers, one of each pair q and -q.
    ones
        (V,) sum_i exp(i q r_i).
    waves
        (2, V) sum_i m_i exp(i q r_i) of both measurements.
    means
        (2,) of both.
    product
        Mean of the product of the two over particles.
    """

    n: int
    q: Array
    ones: Waves
    waves: Waves
    means: Array
    product: float


def modes_of(
    configuration: Configuration,
    mobilities: Sequence[Twice],
    *,
    of_type: int,
    q_max: float,
) -> list[Modes]:
    """The sums of one configuration, of each of several mobilities.

    Raises
    ------
    InputError
        If it is not periodic in all its dimensions.
    """
    c = configuration
    if not all(c.periodic[: c.dimensions]):
        raise InputError(
            "wave vectors need a periodic box", source=c.source, field="periodic",
            expected="all true", found=list(c.periodic),
        )  # fmt: skip
    mask = c.types == of_type
    points = c.positions[mask].astype(np.float64)[:, : c.dimensions]
    vectors = _wave_vectors(c.box[: c.dimensions].astype(np.float64), q_max)
    # About the mean of the configuration: what is subtracted later is small then.
    fields = [np.asarray(m, dtype=np.float64)[mask] for pair in mobilities for m in pair]
    means = np.array([f.mean() for f in fields])
    table = np.stack([np.ones(len(points)), *(f - m for f, m in zip(fields, means, strict=True))])
    sums = _sums(vectors, points, table)
    q = np.linalg.norm(vectors, axis=1)
    found = []
    for k in range(len(mobilities)):
        pair = slice(2 * k, 2 * k + 2)
        waves = sums[1:][pair] + means[pair, None] * sums[0]
        product = float(np.mean(fields[2 * k] * fields[2 * k + 1]))
        found.append(Modes(len(points), q, sums[0], waves, means[pair], product))
    return found


def _wave_vectors(box: Array, q_max: float) -> Array:
    """(V, dimensions) wave vectors of the box up to q_max, one of each pair q and -q."""
    highest = np.floor(q_max * box / (2 * np.pi)).astype(int)
    axes = [np.arange(-h, h + 1) for h in highest]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))
    # The second half of the symmetric grid, without its centre.
    grid = grid[len(grid) // 2 + 1 :]
    vectors = 2 * np.pi * grid / box
    chosen: Array = vectors[np.linalg.norm(vectors, axis=1) <= q_max]
    return chosen


def _sums(vectors: Array, points: Array, fields: Array, chunk: int = 1024) -> Waves:
    """(K, V) sums of K fields (K, n) times exp(i q r)."""
    parts = [
        fields @ np.exp(1j * (points @ vectors[k : k + chunk].T))
        for k in range(0, len(vectors), chunk)
    ]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(fields), 0), np.complex128)


class Averages(NamedTuple):
    """Four-point functions of the configurations together.

    ``variance`` is that over particles, ``chi4`` NaN for one configuration, ``q`` and ``s4`` are
    of shells of wave vectors.
    """

    variance: float
    chi4: float
    q: Array
    s4: Array


def averages(modes: Sequence[Modes], *, width: float) -> Averages:
    """What :mod:`.four_point` defines, by products of the first measurement with the second.

    Parameters
    ----------
    width
        Of the shells of wave numbers, which are around its multiples, so that the smallest wave
        vectors are one shell.
    """
    n = np.array([m.n for m in modes])
    means = np.array([m.means for m in modes])
    mean = n @ means / n.sum()  # of each measurement over the particles of all
    variance = float(n @ [m.product for m in modes] / n.sum() - mean[0] * mean[1])
    chi4 = float("nan")
    if len(modes) > 1:
        chi4 = float(n.mean() * np.cov(means.T, ddof=1)[0, 1])
    intensity = []
    for m in modes:
        first, second = m.waves - mean[:, None] * m.ones
        intensity.append((first * second.conj()).real / m.n)
    q = np.concatenate([m.q for m in modes])
    shell = np.rint(q / width).astype(np.int64)
    counts = np.bincount(shell)
    filled = counts > 0
    q, s4 = (
        np.bincount(shell, weights=w)[filled] / counts[filled]
        for w in (q, np.concatenate(intensity))
    )
    return Averages(variance, chi4, q, s4)
