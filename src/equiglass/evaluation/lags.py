"""Lag times of a trajectory: which there are, and from which frames each can be measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

TOLERANCE = 1e-4  # of a lag: times in files are rounded
SAME = 1e-6
ALL_PAIRS, SAMPLED = 1500, 200  # frames of which all differences are looked at; else from so many


def _differences(times: Array, longest: float) -> Array:
    n = len(times)
    starts = np.arange(n)
    if n > ALL_PAIRS:
        starts = np.unique(np.linspace(0, n - 1, SAMPLED).astype(int))
    parts = []
    for k in starts:
        stop = np.searchsorted(times, times[k] + longest * (1 + SAME), side="right")
        parts.append(times[k + 1 : stop] - times[k])
    return np.sort(np.concatenate(parts))


def choose_lags(times: Array, n_lags: int, longest: float | None = None) -> Array:
    """At most ``n_lags`` lags, about evenly in log t; of those alike, what most frames share.

    Parameters
    ----------
    times
        (n,) of the frames, in any spacing: linear, logarithmic, or cycles.
    longest
        By default half of the length, beyond which few origins remain.
    """
    longest = 0.5 * float(times[-1] - times[0]) if longest is None else longest
    found = _differences(times, longest)
    if not len(found):  # of two frames, or few and far apart
        return np.array([float(np.diff(times).min())])
    starts = np.concatenate([[0], np.flatnonzero(np.diff(found) > SAME * found[1:]) + 1])
    values = found[starts]
    counts = np.diff([*starts, len(found)])
    position = np.log(values / values[0])
    width = max(position[-1], 1e-12) / n_lags
    bins = np.minimum((position / width).astype(int), n_lags - 1)
    chosen = []
    for b in np.unique(bins):
        mine = np.flatnonzero(bins == b)
        chosen.append(values[mine[np.argmax(counts[mine])]])
    return np.array(chosen)


def lagged_frames(times: Array, lag: float) -> tuple[Indices, Indices]:
    """Frames and those a lag after them, where there are such."""
    wanted = times + lag
    right = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    left = right - 1
    nearest = np.where(wanted - times[left] < times[right] - wanted, left, right)
    # Not times + lag: to a large time a short lag adds nothing, and no frame succeeds itself.
    there = np.flatnonzero(np.abs(times[nearest] - times - lag) <= TOLERANCE * lag)
    return there, nearest[there]


def spread(frames: Indices, most: int) -> Indices:
    """At most so many places in ``frames``, evenly."""
    return np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).astype(int))
