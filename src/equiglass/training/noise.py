"""How noisy labels are, and the weights that follow.

A label that is the mean of n runs has the variance ``s / n`` about the propensity, s being that of
a single run at its type and time. What the network does not explain of the propensity, u, scatters
in addition. Errors of labels with different n are comparable in units of their own variance, so a
squared error is weighted by 1 / (u + s / n). The scale is such that the label of most runs has
weight one, at every type and time: how much types and times count against one another is not a
matter of noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..data.entry import Entry
from ..data.grids import propensity_on, rows_on
from .statistics import Moments

Array = NDArray[np.float64]
ENSEMBLES = "spread of the runs of ensembles"
PAIRS = "labels of the same frames, forward and reversed"
NOT_KNOWN = "not known: every label weighs the same"


class LabelNoise:
    """Variances of labels, gathered from configurations as they come.

    The variance of a single run is measured within ensembles (the standard error of the
    propensity, else its halves). Where there are none, the two labels of one frame of a
    trajectory are two draws of the same propensity, so that their covariance is that of the
    propensity, and what their variance has more is noise. (At times shorter than that between
    collisions a run and its reversal are not independent, and noise comes out too small.)

    Parameters
    ----------
    times
        (T,) grid of the model.
    """

    def __init__(self, n_types: int, times: tuple[float, ...]) -> None:
        self.n_types, self.times = n_types, times
        shape = (n_types, len(times))
        self._single = [Moments(len(times)) for _ in range(n_types)]
        self._pairs = [Moments(len(times)) for _ in range(n_types)]  # of sums
        self._differences = [Moments(len(times)) for _ in range(n_types)]
        self._labels = [Moments(len(times)) for _ in range(n_types)]
        self._inverse = np.zeros(shape)  # sum of 1/n over labels with known n
        self._counted = np.zeros(shape)
        self.most = np.zeros(shape)  # largest n of a label
        self._last: tuple[int, int, Configuration] | None = None

    def add(self, c: Configuration, entry: Entry | None = None, *, learned: bool = True) -> None:
        """A configuration with labels; those not learned from tell of noise alone."""
        self._add_ensemble(c)
        if not learned:
            return
        propensity = propensity_on(c, self.times)
        for t in range(self.n_types):
            values = propensity[:, c.types == t].T
            self._labels[t].add(values)
            if c.n_trajectories:
                known = np.isfinite(values).sum(axis=0)
                self._inverse[t] += known / c.n_trajectories
                self._counted[t] += known
                n = np.where(known > 0, c.n_trajectories, 0)
                self.most[t] = np.maximum(self.most[t], n)
        self._add_pair(c, entry)

    def add_reversed(self, c: Configuration) -> None:
        """One of an ensemble's runs, backwards: a single-run label, which changes no statistics."""
        known = np.isfinite(propensity_on(c, self.times)).any(axis=1)
        self.most = np.maximum(self.most, np.where(known, 1, 0))

    def _add_ensemble(self, c: Configuration) -> None:
        n = c.n_trajectories or 0
        if n < 2 or c.times is None:
            return
        if c.propensity_error is not None:
            single = n * np.square(c.propensity_error, dtype=np.float64)
        elif c.propensity_halves is not None:
            halves = c.propensity_halves.astype(np.float64)
            single = n / 4 * (halves[:, 0] - halves[:, 1]) ** 2
        else:
            return
        wide = np.full((len(self.times), len(c)), np.nan)
        wide[rows_on(c.times, self.times, c.source)] = single
        for t in range(min(self.n_types, c.n_types)):
            self._single[t].add(wide[:, c.types == t].T)

    def _add_pair(self, c: Configuration, entry: Entry | None) -> None:
        example = None if entry is None else entry.example
        if example is None:
            self._last = None
            return
        place = id(example.trajectory), example.frame
        if self._last is not None and self._last[:2] == place:
            first, second = (propensity_on(x, self.times) for x in (self._last[2], c))
            for t in range(self.n_types):
                mine = c.types == t
                self._pairs[t].add((first + second)[:, mine].T)
                self._differences[t].add((first - second)[:, mine].T)
        self._last = (*place, c)

    @property
    def single(self) -> Array:
        """(n_types, T) variance of a single run's label, sigma^2; NaN where not known."""
        return self._estimate()[0]

    def _estimate(self) -> tuple[Array, Array, list[list[str]]]:
        """Noise of one run, structure, and what they follow from."""
        shape = (self.n_types, len(self.times))
        noise, structure = np.full(shape, np.nan), np.full(shape, np.nan)
        how = [[NOT_KNOWN] * shape[1] for _ in range(shape[0])]
        for t in range(self.n_types):
            single, labels = self._single[t], self._labels[t]
            sums, away = self._pairs[t], self._differences[t]
            for k in range(shape[1]):
                if single.count[k] > 0 and self._counted[t, k] > 0:
                    noise[t, k] = single.mean[k]
                    inverse = self._inverse[t, k] / self._counted[t, k]
                    structure[t, k] = labels.variance[k] - noise[t, k] * inverse
                    how[t][k] = ENSEMBLES
                elif sums.count[k] > 0:
                    # Their mean difference is that of the averages of two runs: noise as well.
                    difference = away.variance[k] + away.mean[k] ** 2
                    noise[t, k] = difference / 2
                    structure[t, k] = (sums.variance[k] - difference) / 4
                    how[t][k] = PAIRS
        return np.maximum(noise, 0.0), np.maximum(structure, 0.0), how

    def weights(self, n: int | None) -> Array:
        """(n_types, T) weight of a label that is the mean of n runs; 1 where n is not known."""
        noise, structure, _ = self._estimate()
        result = np.ones_like(noise)
        if not n:
            return result
        with np.errstate(all="ignore"):
            best = structure + noise / np.maximum(self.most, 1)
            value = best / (structure + noise / n)
        return np.where(np.isfinite(value), np.minimum(value, 1.0), result)

    def record(self, numbers: Iterable[int | None]) -> dict[str, Any]:
        """For ``weights.json``: variances by type and time, and weights by number of runs."""
        noise, structure, how = self._estimate()

        def rows(values: NDArray[Any]) -> dict[str, list[float | None]]:
            return {
                TYPE_NAMES[t]: [float(v) if np.isfinite(v) else None for v in row]
                for t, row in enumerate(values)
            }

        return {
            "times": list(self.times),
            "noise_of_one_run": rows(noise),
            "structure": rows(structure),
            "from": {TYPE_NAMES[t]: row for t, row in enumerate(how)},
            "weights": {
                "not stated" if n is None else str(n): rows(self.weights(n))
                for n in sorted(set(numbers), key=lambda n: n or 0)
            },
        }
