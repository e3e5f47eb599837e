"""How noisy labels are, and the weights that follow.

A label that is the mean of n runs has the variance ``s / n`` about the propensity, s being that of
a single run at its type and time. What the network does not explain of the propensity, u, scatters
in addition. Errors of labels with different n are comparable in units of their own variance, so a
squared error is weighted by 1 / (u + s / n). The scale is such that the label of most runs has
weight one, at every type and time: how much types and times count against one another is not a
matter of noise.

Errors of neighbours are not independent, and those of structure less so than those of runs. A step
sums over particles with common surroundings, so u and s are variances of means over regions as wide
as one layer sees, not of particles.
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
ENSEMBLES = "halves of ensembles"
PAIRS = "labels of the same frames, forward and reversed"
NOT_KNOWN = "not known: every label weighs the same"
REGION = 4.0  # sigma, edge of the smallest region: twice the usual cutoff
FEWEST = 20  # regions, below which variances are those of particles


class _Level:
    """Variances of labels of one type, of particles or of means over regions."""

    def __init__(self, n_times: int) -> None:
        # Of single runs, of all labels, and of sums and differences of two runs.
        self.single, self.labels, self.sums, self.away = (Moments(n_times) for _ in range(4))

    def estimate(self, k: int, inverse: float) -> tuple[float, float, str]:
        """Noise of one run, variance of the propensity, and what they follow from, at a time.

        ``inverse`` is the mean of 1/n over labels.
        """
        if self.single.count[k] > 0 and np.isfinite(inverse):
            noise = float(self.single.mean[k])
            return noise, max(0.0, float(self.labels.variance[k]) - noise * inverse), ENSEMBLES
        if self.sums.count[k] > 0:
            # Their mean difference is noise as well: propensities are the same.
            away = float(self.away.variance[k] + self.away.mean[k] ** 2)
            return away / 2, max(0.0, float(self.sums.variance[k]) - away) / 4, PAIRS
        return float("nan"), float("nan"), NOT_KNOWN


class LabelNoise:
    """Variances of labels, gathered from configurations as they come.

    That of a single run is measured within ensembles, from the two halves of their runs. Where
    there are none, the two labels of one frame of a trajectory are two draws of the same
    propensity, so that their covariance is that of the propensity, and what their variance has
    more is noise. (At times shorter than that between collisions a run and its reversal are not
    independent, and noise comes out too small.)

    Parameters
    ----------
    times
        (T,) grid of the model.
    """

    def __init__(self, n_types: int, times: tuple[float, ...]) -> None:
        self.n_types, self.times = n_types, times
        shape = (n_types, len(times))
        self._particles = [_Level(len(times)) for _ in range(n_types)]
        self._regions = [_Level(len(times)) for _ in range(n_types)]
        self._inverse = np.zeros(shape)  # sum of 1/n over labels with known n
        self._counted = np.zeros(shape)
        self.most = np.zeros(shape)  # largest n of a label
        self._last: tuple[int, int, Configuration] | None = None

    def add(self, c: Configuration, entry: Entry | None = None, *, learned: bool = True) -> None:
        """A configuration with labels; those not learned from tell of noise alone."""
        place = _regions(c)
        self._add_ensemble(c, place)
        if not learned:
            return
        propensity = propensity_on(c, self.times)
        self._add("labels", c, place, propensity)
        n = c.n_trajectories or 0
        for t in range(self.n_types if n else 0):
            known = np.isfinite(propensity[:, c.types == t]).sum(axis=1)
            self._inverse[t] += known / n
            self._counted[t] += known
            self.most[t] = np.maximum(self.most[t], np.where(known > 0, n, 0))
        self._add_pair(c, entry, place)

    def add_reversed(self, c: Configuration) -> None:
        """One of an ensemble's runs, backwards: a single-run label, which changes no variance."""
        known = np.isfinite(propensity_on(c, self.times)).any(axis=1)
        self.most = np.maximum(self.most, np.where(known, 1, 0))

    def _add(
        self, name: str, c: Configuration, place: NDArray[np.int64], values: NDArray[Any],
        square: float | None = None,
    ) -> None:  # fmt: skip
        """Values (T, N) to one of the sums, squared and multiplied by ``square`` if it is given."""
        for t in range(self.n_types):
            mine = c.types == t
            if not mine.any():
                continue
            of_particles = values[:, mine].T.astype(np.float64)
            count = np.bincount(place[mine])
            means = np.stack([np.bincount(place[mine], column) for column in of_particles.T], 1)
            of_regions = means[count > 0] / count[count > 0, None]
            for level, found in (
                (self._particles[t], of_particles), (self._regions[t], of_regions),
            ):  # fmt: skip
                added: Moments = getattr(level, name)
                added.add(found if square is None else square * found**2)

    def _add_ensemble(self, c: Configuration, place: NDArray[np.int64]) -> None:
        n = c.n_trajectories or 0
        if n < 2 or c.times is None or c.propensity_halves is None:
            return
        halves = c.propensity_halves.astype(np.float64)
        wide = np.full((len(self.times), len(c)), np.nan)
        wide[rows_on(c.times, self.times, c.source)] = halves[:, 0] - halves[:, 1]
        # Of (n + 1) // 2 runs and n // 2.
        self._add("single", c, place, wide, square=((n + 1) // 2) * (n // 2) / n)

    def _add_pair(self, c: Configuration, entry: Entry | None, place: NDArray[np.int64]) -> None:
        example = None if entry is None else entry.example
        if example is None:
            self._last = None
            return
        frame = id(example.trajectory), example.frame
        if self._last is not None and self._last[:2] == frame:
            first, second = (propensity_on(x, self.times) for x in (self._last[2], c))
            self._add("sums", c, place, first + second)
            self._add("away", c, place, first - second)
        self._last = (*frame, c)

    def _estimate(self, levels: list[_Level]) -> tuple[Array, Array, list[list[str]]]:
        """Noise of one run and variance of the propensity, (n_types, T), and their origins."""
        with np.errstate(all="ignore"):
            inverse = np.where(self._counted > 0, self._inverse / self._counted, np.nan)
        found = [
            [level.estimate(k, float(inverse[t, k])) for k in range(len(self.times))]
            for t, level in enumerate(levels)
        ]
        noise, structure = (np.array([[f[i] for f in row] for row in found]) for i in (0, 1))
        return noise, structure, [[f[2] for f in row] for row in found]

    def _weighing(self) -> list[_Level]:
        """Of each type the variances that weights follow from."""
        return [
            region if min(region.labels.count, default=0) >= FEWEST else particle
            for region, particle in zip(self._regions, self._particles, strict=True)
        ]

    def weights(self, n: int | None) -> Array:
        """(n_types, T) weight of a label that is the mean of n runs; 1 where n is not known."""
        noise, structure, _ = self._estimate(self._weighing())
        result = np.ones_like(noise)
        if not n:
            return result
        with np.errstate(all="ignore"):
            best = structure + noise / np.maximum(self.most, 1)
            value = best / (structure + noise / n)
        return np.where(np.isfinite(value), np.minimum(value, 1.0), result)

    def record(self, numbers: Iterable[int | None]) -> dict[str, Any]:
        """For ``weights.json``: variances by type and time, and weights by number of runs."""

        def rows(values: NDArray[Any]) -> dict[str, list[float | None]]:
            return {
                TYPE_NAMES[t]: [float(v) if np.isfinite(v) else None for v in row]
                for t, row in enumerate(values)
            }

        def variances(levels: list[_Level]) -> dict[str, Any]:
            noise, structure, how = self._estimate(levels)
            names = {TYPE_NAMES[t]: row for t, row in enumerate(how)}
            return {"noise_of_one_run": rows(noise), "structure": rows(structure), "from": names}

        weighing = self._weighing()
        of_regions = [a is b for a, b in zip(weighing, self._regions, strict=True)]
        return {
            "times": list(self.times),
            "particles": variances(self._particles),
            "regions": {"edge": f"at least {REGION:g}", **variances(self._regions)},
            "weights_from": {
                TYPE_NAMES[t]: "regions" if so else "particles" for t, so in enumerate(of_regions)
            },
            "weights": {
                "not stated" if n is None else str(n): rows(self.weights(n))
                for n in sorted(set(numbers), key=lambda n: n or 0)
            },
        }


def _regions(c: Configuration) -> NDArray[np.int64]:
    """(N,) number of the region of the box that each particle is in."""
    place = np.zeros(len(c), dtype=np.int64)
    for axis in range(c.dimensions):
        n = max(1, int(c.box[axis] / REGION))
        cell = np.clip((c.positions[:, axis] / c.box[axis] * n).astype(np.int64), 0, n - 1)
        place = place * n + cell
    return place
