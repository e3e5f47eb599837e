"""How heterogeneous mobility is over configurations and in space: chi_4, S_4(q), its length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..errors import InputError
from .modes import Averages, Modes, averages, modes_of

Array = NDArray[np.floating[Any]]


def susceptibility(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    other: Sequence[Array] | None = None,
    *,
    of_type: int = 0,
) -> float:
    """chi_4 = N <(m_c - <m>)^2>, m_c being the mean mobility of a configuration.

    N is the number of particles of the type. With isoconfigurational averages as mobilities this
    is the part of chi_4 that the initial structure decides (L. Berthier, R. Jack, PRE 76, 041509
    (2007)); NaN for a single configuration.

    Parameters
    ----------
    mobilities
        (N,) per configuration.
    other
        The same mobility, measured again: the average is of products of the two then, to which
        noise that differs between them contributes nothing.
    """
    return _together(configurations, mobilities, other, of_type=of_type, q_max=0.0).chi4


def structure_factor(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    other: Sequence[Array] | None = None,
    *,
    of_type: int = 0,
    q_max: float = 4.0,
    width: float | None = None,
) -> tuple[Array, Array]:
    """S_4(q) = <|sum_i dm_i exp(i q r_i)|^2> / N of mobility, dm the deviation from the mean.

    Averaged over configurations and over the wave vectors q = 2 pi n / L of a shell. At large q it
    is the variance of mobility, if neighbours do not move alike; chi_4 is its limit q -> 0.

    Parameters
    ----------
    mobilities
        (N,) per configuration.
    other
        The same mobility, measured again: the cross-spectrum of the two then, without the noise
        that differs between them.
    q_max
        Largest wave number, 1/sigma.
    width
        Of the shells; by default half of 2 pi / L of the largest box.

    Returns
    -------
    Mean wave number of every shell that holds a wave vector, and S_4 there.

    Raises
    ------
    InputError
        For a configuration that is not periodic in all its dimensions, or where no box has a wave
        vector up to ``q_max``.
    """
    require_wave_vectors(configurations, q_max)
    found = _together(configurations, mobilities, other, of_type=of_type, q_max=q_max, width=width)
    return found.q, found.s4


def _together(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    other: Sequence[Array] | None,
    *,
    of_type: int,
    q_max: float,
    width: float | None = None,
) -> Averages:
    second = mobilities if other is None else other
    modes: list[Modes] = []
    for c, pair in zip(configurations, zip(mobilities, second, strict=True), strict=True):
        modes += modes_of(c, [pair], of_type=of_type, q_max=q_max)
    return averages(modes, width=width or shell_width(configurations))


def longest_edge(configurations: Sequence[Configuration]) -> float:
    """Of all boxes, sigma."""
    return max(float(c.box[: c.dimensions].max()) for c in configurations)


def shell_width(configurations: Sequence[Configuration]) -> float:
    """Half of the smallest wave number of the largest box, 1/sigma."""
    return float(np.pi / longest_edge(configurations))


def require_wave_vectors(configurations: Sequence[Configuration], q_max: float) -> None:
    """Raise InputError if no box has a wave vector as short as this."""
    shortest = 2 * np.pi / longest_edge(configurations)
    if q_max < shortest:
        raise InputError(
            "shorter than every wave vector of the box", source=configurations[0].source,
            field="q_max", expected=f"at least {shortest:.3g}", found=f"{q_max:g}",
        )  # fmt: skip


def ornstein_zernike(q: Array, s: Array, *, q_fit: float = 2.0) -> tuple[float, float]:
    """S_4(0) and length xi of S_4(q) = S_4(0) / (1 + (q xi)^2), fitted at q <= q_fit.

    A straight line through 1 / S_4 against q^2; NaN where that does not rise.
    """
    low = (q <= q_fit) & (s > 0)
    if low.sum() < 3:
        return float("nan"), float("nan")
    slope, offset = np.polyfit(q[low] ** 2, 1 / s[low], 1)
    if slope <= 0 or offset <= 0:
        return float("nan"), float("nan")
    return float(1 / offset), float((slope / offset) ** 0.5)
