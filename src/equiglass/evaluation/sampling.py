"""Which labels of a data set are of one structure, and which are independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.entry import Entry
from .blocks import FEWEST, blocks_of

Indices = NDArray[np.int64]

# tau_LJ. Before it what happens with velocities v and -v are not two independent draws; after it
# the correlation of their noise is of the size of the second number (docs/single_runs.md).
INDEPENDENT_FROM = 2.0
REVERSAL_CORRELATION = 0.017


@dataclass(frozen=True, eq=False)
class Sampling:
    """How the labels of a data set were drawn.

    Attributes
    ----------
    structures
        (C,) number of the structure of each configuration: the same for the same positions.
    runs
        (C,) number of the run that each is a moment of; of its own for what is independent.
    times
        (C,) of the frames in their runs, tau_LJ; NaN where they are not known.
    is_reversed
        (C,) whether the label is of the run backwards.
    correlation
        Relaxation time of the structure, tau_LJ; None if it is not known.
    """

    structures: Indices
    runs: Indices
    times: NDArray[np.float64]
    is_reversed: NDArray[np.bool_]
    correlation: float | None = None

    @classmethod
    def of(
        cls,
        configurations: Sequence[Configuration],
        entries: Sequence[Entry] | None = None,
        correlation: float | None = None,
    ) -> Sampling:
        """Of configurations, and what a data set says of where they come from."""
        seen: dict[object, int] = {}
        structures = [seen.setdefault(_content(c), len(seen)) for c in configurations]
        known: Sequence[Entry | None] = entries or [None] * len(structures)
        examples = [None if e is None else e.example for e in known]
        names: list[object] = [
            s if e is None or e.run is None else e.run
            for s, e in zip(structures, known, strict=True)
        ]
        numbers: dict[object, int] = {}
        return cls(
            np.array(structures, dtype=np.int64),
            np.array([numbers.setdefault(n, len(numbers)) for n in names], dtype=np.int64),
            np.array([np.nan if e is None else e.time for e in examples]),
            np.array([e is not None and e.direction == "reversed" for e in examples]),
            correlation,
        )

    @property
    def is_trajectory(self) -> bool:
        """Whether any of it is a moment of a run, at a known time."""
        return bool(np.isfinite(self.times).any())

    @property
    def first(self) -> Indices:
        """The first configuration of each structure."""
        return np.unique(self.structures, return_index=True)[1].astype(np.int64)

    def units(self, lag: float) -> tuple[Indices | None, str | None]:
        """(C,) number of the independent part that each configuration belongs to, or why none.

        Structures, where they are independent; else runs, cut into stretches of time as long as the
        relaxation time and twice the lag, since labels reach a lag to both sides.
        """
        if not self.is_trajectory:
            return self._numbered([(int(r), 0) for r in self.runs])
        if self.correlation is None:
            return None, "no interval: the relaxation time along the trajectory is not known"
        length = max(self.correlation, 2 * lag)
        keys = [(int(r), 0) for r in self.runs]
        for run in np.unique(self.runs):
            mine = np.flatnonzero((self.runs == run) & np.isfinite(self.times))
            mine = mine[np.argsort(self.times[mine], kind="stable")]
            if len(mine):
                blocks = blocks_of(self.times[mine], length)
                for k, block in zip(mine, blocks, strict=True):
                    keys[k] = (int(run), int(block))
        units, why = self._numbered(keys)
        if units is not None and len(np.unique(units)) < FEWEST:
            return None, f"no interval: fewer than {FEWEST} stretches of time of {length:.3g}"
        return units, why

    def _numbered(self, keys: list[tuple[int, int]]) -> tuple[Indices | None, str | None]:
        numbers: dict[tuple[int, int], int] = {}
        units = np.array([numbers.setdefault(k, len(numbers)) for k in keys], dtype=np.int64)
        if len(numbers) < 2:
            return None, "no interval: one independent configuration says nothing of the spread"
        return units, None

    def pairs(self, lag: float) -> tuple[list[tuple[int, int]], str | None]:
        """Pairs of labels that are independent draws of one structure's propensity, or why none."""
        members: dict[int, list[int]] = {}
        for k, structure in enumerate(self.structures.tolist()):
            members.setdefault(structure, []).append(k)
        found = [pair for group in members.values() for pair in combinations(group, 2)]
        if not found:
            return [], "labels are of one run each, and no configuration has a second"
        apart = [(a, b) for a, b in found if self.is_reversed[a] == self.is_reversed[b]]
        if lag < INDEPENDENT_FROM and len(apart) < len(found):
            why = (
                f"before t = {INDEPENDENT_FROM:g} the run forward and backward from a frame are "
                "not two independent draws"
            )
            return apart, None if apart else why
        return found, None


def _content(c: Configuration) -> tuple[bytes, bytes]:
    return np.ascontiguousarray(c.positions).tobytes(), np.ascontiguousarray(c.types).tobytes()
