"""Splits by configuration, never by particle; of a run by stretches of its time.

Configurations of one run are alike until structure has relaxed several times. Examples from a
trajectory are therefore split by stretches of time with a gap between them, and the starts of a
chain stay together, as do labels that several data sets have of one snapshot; everything else is
split by chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from .contents import structure_print
from .dataset import Dataset
from .entry import Entry
from .examples import Example

# The time between stretches for a trajectory, tau_LJ.
Gap = Callable[[Example], float]
SLACK = 1e-9  # of a length of time: rounding must not lose the last frame


def random_split(
    dataset: Dataset, fraction: float, seed: int, gap: Gap | None = None
) -> tuple[Dataset, Dataset]:
    """Seeded split into (rest, held out); at least one configuration on each side.

    Of a trajectory the last stretch of time is held out, of chains whole ones.

    Parameters
    ----------
    gap
        See :class:`Stretches`; needed where there are examples from trajectories.

    Raises
    ------
    InputError
        If there are too few configurations or chains, or a trajectory is too short.
    """
    groups = _groups(dataset)
    kept: list[Entry] = []
    held: list[Entry] = []
    if groups:
        n = len(groups)
        if n < 2:
            raise _too_few(dataset, n)
        count = min(n - 1, max(1, round(fraction * n)))
        order = np.random.default_rng(seed).permutation(n)
        kept += [e for k in sorted(order[count:]) for e in groups[k]]
        held += [e for k in sorted(order[:count]) for e in groups[k]]
    for run in _runs(dataset):
        cut = Stretches.of(run, [1 - fraction, fraction], gap)
        kept += cut.entries([0])
        held += cut.entries([1])
    return replace(dataset, entries=tuple(kept)), replace(dataset, entries=tuple(held))


def folds(
    dataset: Dataset, n_folds: int, seed: int, gap: Gap | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Cross-validation: (training, held-out) for each fold, every configuration held out once.

    Of trajectories a fold is a stretch of the time of each, and what lies closer to it than the
    gap is left out of its training.

    Raises
    ------
    InputError
        If there are fewer configurations, or chains, than folds, or a trajectory is too short.
    """
    groups, runs = _groups(dataset), _runs(dataset)
    n = len(groups)
    if not 2 <= n_folds <= (n if groups else n_folds):
        raise InputError(
            "impossible number of folds",
            source=dataset.source,
            expected=f"2 to {n}" if groups else "at least 2",
            found=n_folds,
        )
    parts = np.array_split(np.random.default_rng(seed).permutation(n), n_folds)
    cuts = [Stretches.of(run, [1 / n_folds] * n_folds, gap) for run in runs]
    result = []
    for k, part in enumerate(parts):
        held = [e for g in sorted(part) for e in groups[g]]
        kept = [e for g in sorted(set(range(n)) - set(part.tolist())) for e in groups[g]]
        for cut in cuts:
            held += cut.entries([k])
            kept += cut.entries(range(k)) + cut.entries(range(k + 1, n_folds))
        result.append(
            (replace(dataset, entries=tuple(kept)), replace(dataset, entries=tuple(held)))
        )
    return result


@dataclass(frozen=True)
class Stretches:
    """The examples of one trajectory, and stretches of its time.

    Attributes
    ----------
    bounds
        Beginning and end of each, a gap between one and the next.
    """

    members: Sequence[Entry]
    bounds: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, members: Sequence[Entry], shares: Sequence[float], gap: Gap | None) -> Stretches:
        """Stretches of which these are the shares of the time that the gaps leave.

        Raises
        ------
        InputError
            If the time between the first and the last frame is too short for that.
        """
        first = members[0].example
        assert first is not None
        if gap is None:
            raise ValueError("examples from a trajectory are split with a gap")
        apart = gap(first)
        read = [
            first.trajectory.times[k]
            for e in members
            if e.example is not None
            for k in (e.example.frame, *e.example.ends)
            if k is not None
        ]
        start, stop = float(min(read)), float(max(read))
        free = stop - start - apart * (len(shares) - 1)
        if free <= 0:
            raise InputError(
                "the trajectory is too short to be split with these gaps; give more trajectories "
                "(split: validation for one of them), a smaller gap, or validation_fraction: 0",
                source=first.trajectory.source, field="gap",
                expected=f"more than {apart * (len(shares) - 1):g} of time",
                found=f"{stop - start:g}",
            )  # fmt: skip
        ends = np.cumsum(shares) / math.fsum(shares) * free
        bounds = []
        for k, end in enumerate(ends):
            begin = start + (ends[k - 1] if k else 0.0) + k * apart
            slack = SLACK * (stop - start)
            bounds.append((float(begin - slack), float(start + end + k * apart + slack)))
        return cls(members, bounds)

    def entries(self, numbers: Iterable[int]) -> list[Entry]:
        """What of the examples lies in some stretches, each in one of them.

        Raises
        ------
        InputError
            If nothing does.
        """
        chosen = [self.bounds[k] for k in numbers]
        found = []
        for entry in self.members:
            assert entry.example is not None
            for start, stop in chosen:
                cut = entry.example.within(start, stop)
                if cut is not None:
                    found.append(cut.entry(entry.split))
        if chosen and not found:
            first = self.members[0].example
            assert first is not None
            raise InputError(
                "a stretch of the trajectory holds no example: it is too short for these times and "
                "this gap", source=first.trajectory.source, field="times",
                expected=f"two frames so far apart within {chosen[0][1] - chosen[0][0]:g}",
                found=list(first.times),
            )  # fmt: skip
        return found


def _groups(dataset: Dataset) -> list[list[Entry]]:
    """What can be split by chance: single configurations, and the starts of each chain.

    With either goes what another data set has of the same snapshots: short runs from the starts of
    long ones would tell of the structure that is held out.
    """
    entries = [e for e in dataset.entries if e.example is None]
    marks: list[list[object]] = [[k if e.run is None else e.run] for k, e in enumerate(entries)]
    if len({Path(e.name).parent for e in entries}) > 1:
        for own, entry in zip(marks, entries, strict=True):
            own.append(structure_print(entry.load()))
    groups: dict[int, list[Entry]] = {}
    for entry, number in zip(entries, _connected(marks), strict=True):
        groups.setdefault(number, []).append(entry)
    return list(groups.values())


def _connected(marks: Sequence[Sequence[object]]) -> list[int]:
    """The number of each one's group, if those that share a mark are in one group."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(marks)
    numbers = {mark: n + k for k, mark in enumerate(dict.fromkeys(m for own in marks for m in own))}
    pairs = [(k, numbers[mark]) for k, own in enumerate(marks) for mark in own]
    size = n + len(numbers)
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(pairs), dtype=bool), (rows, columns)), shape=(size, size))
    found: list[int] = connected_components(graph, directed=False)[1][:n].tolist()
    return found


def _runs(dataset: Dataset) -> list[list[Entry]]:
    """The examples of each trajectory."""
    runs: dict[int, list[Entry]] = {}
    for entry in dataset.entries:
        if entry.example is not None:
            runs.setdefault(id(entry.example.trajectory), []).append(entry)
    return list(runs.values())


def _too_few(dataset: Dataset, n: int) -> InputError:
    of_chains = any(e.run is not None for e in dataset.entries)
    return InputError(
        "too few configurations to hold one out"
        + ("; the starts of one chain stay together" if of_chains else ""),
        source=dataset.source,
        expected="at least 2",
        found=n,
    )
