"""Paired comparisons of committed tables: the arithmetic behind docs/claims.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from claim_looks import CONFIGURATIONS, SEEDS, looks_at
from numpy.typing import NDArray

from equiglass.evaluation.intervals import mean_interval
from equiglass.studies.base import Row, rhos_of

SHOWN, REFUTED, OPEN = "shown", "refuted", "open"
BEYOND = "learning rates beyond those tried"
# Tables without the column "learning_rates_tried" were made when studies tried these.
FIRST_TRIED = (1e-3, 3e-3, 1e-2)
ERROR = 0.05  # of the last look at a question, over the number of looks
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """How much better one is than another, on the same configurations.

    Attributes
    ----------
    first
        Mean correlation of the one.
    half
        Half width of the interval of the difference; None where it cannot be known.
    seeds
        None where both are solved at once, which no seed could change.
    core_hours
        Of all trainings of both; None where a run did not record it.
    at_end
        Whether the worse of the two has a learning rate at either end of those tried.
    looks
        How often the question had been asked, with this run.
    """

    what: str
    where: str
    first: float
    difference: float
    half: float | None
    seeds: int | None
    configurations: int
    core_hours: float | None
    at_end: bool = False
    looks: int = 1

    @property
    def missing(self) -> list[str]:
        """What the rule asks for and is not there."""
        found = []
        if self.seeds is not None and self.seeds < SEEDS:
            found.append(more(SEEDS - self.seeds, "seed"))
        if self.configurations < CONFIGURATIONS:
            found.append(more(CONFIGURATIONS - self.configurations, "test configuration"))
        if self.half is None:
            found.append("an interval")
        elif abs(self.difference) <= self.half:
            found.append("an interval without zero")
        if self.at_end:
            found.append(BEYOND)
        return found

    @property
    def verdict(self) -> str:
        """By the rule of the page."""
        if self.missing:
            return OPEN
        return SHOWN if self.difference > 0 else REFUTED

    @property
    def number(self) -> str:
        """The difference with its interval."""
        half = "" if self.half is None else f" ± {self.half:.3f}"
        return f"{self.difference:+.3f}{half}"


def more(number: int, what: str) -> str:
    """So many more of something."""
    return f"{number} more {what}{'' if number == 1 else 's'}"


def together(compared: Sequence[Compared]) -> str:
    """The verdict on a claim that several comparisons decide: all must hold."""
    verdicts = {c.verdict for c in compared}
    if REFUTED in verdicts:
        return REFUTED
    return SHOWN if verdicts == {SHOWN} else OPEN


def half_width(differences: Array, looks: int = 1) -> float | None:
    """Of the mean of differences (seeds, configurations), by both that could have been others.

    The half widths of two intervals are added in squares: over configurations, each averaged over
    seeds, and over seeds, each averaged over configurations; of one seed there is the first alone.
    What differs by both counts twice, so that it is rather too wide. By what was seen in earlier
    runs that asked the same the last of n is taken at a n-th of the error (Bonferroni).
    """
    confidence = 1 - ERROR / looks
    every = [mean_interval(differences.mean(axis=0).tolist(), confidence=confidence)]
    if len(differences) > 1:
        every.append(mean_interval(differences.mean(axis=1).tolist(), confidence=confidence))
    found = [interval[1] for interval in every if interval is not None]
    return math.hypot(*found) if found else None


def rows_where(rows: Iterable[Row], type_name: str = "A", **columns: Any) -> list[Row]:
    """The rows of a type with these values in columns."""
    return [
        r for r in rows if r["type"] == type_name and all(r.get(k) == v for k, v in columns.items())
    ]


def by_seed(rows: Sequence[Row]) -> dict[Any, Array]:
    """Of each seed the correlation of each configuration, averaged over times."""
    grouped: dict[Any, list[list[float]]] = {}
    for row in rows:
        grouped.setdefault(row.get("seed"), []).append(rhos_of(row) or [row["rho"]])
    return {seed: np.nanmean(np.array(v, dtype=np.float64), axis=0) for seed, v in grouped.items()}


def compare(what: str, where: str, one: Sequence[Row], other: Sequence[Row]) -> Compared | None:
    """Two sets of rows, those of the same seeds against each other; None where one is empty.

    What has no seed, since it is solved at once, is compared with every seed of the other. Times
    count at which all test configurations have labels. Tables that record their tests must be of
    the same in the same order; older ones do not.
    """
    if not one or not other:
        return None
    tests = [{r.get("tests") for r in part} for part in (one, other)]
    if None not in tests[0] | tests[1] and tests[0] != tests[1]:
        raise ValueError(f"{what}, {where}: other tests, or in another order")
    most = max(r["n_configurations"] for r in one)
    whole_times = (
        {r["time"] for r in part if r["n_configurations"] == most} for part in (one, other)
    )
    times = set.intersection(*whole_times)
    one, other = ([r for r in rows if r["time"] in times] for rows in (one, other))
    a, b = by_seed(one), by_seed(other)
    seeds = [s for s in a if s in b or set(b) == {None}]
    if not seeds:
        return None
    first = np.array([a[s] for s in seeds])
    differences = first - np.array([b[s if s in b else None] for s in seeds])
    worse = other if differences.mean() > 0 else one
    looks = looks_at(one, other, len(seeds))
    whole = bool(rhos_of(one[0]) and rhos_of(other[0]))
    return Compared(
        what,
        where,
        float(first.mean()),
        float(differences.mean()),
        half_width(differences, looks=looks) if whole else None,
        None if seeds == [None] else len(seeds),
        int(one[0]["n_configurations"]),
        core_hours(r for r in (*one, *other) if r.get("seed") in (None, *seeds)),
        any(at_end(row) for row in worse),
        looks,
    )


def tried(row: Row) -> tuple[float, ...]:
    """The learning rates, increasing, among which that of a row was chosen; none where none was."""
    if row.get("learning_rate") is None:
        return ()
    text = row.get("learning_rates_tried")
    return FIRST_TRIED if text is None else tuple(sorted(map(float, str(text).split())))


def at_end(row: Row) -> bool:
    """Whether its learning rate is the smallest or the largest that was tried."""
    rates = tried(row)
    return bool(rates) and not rates[0] < row["learning_rate"] < rates[-1]


def between(
    what: str,
    where: str,
    one: Sequence[Sequence[float]],
    other: Sequence[Sequence[float]],
    seeds: int,
    looks: int,
) -> Compared:
    """Two lists of correlations by configuration that have no pairs: the mean of each counts."""
    a, b = (np.nanmean(np.array(part, dtype=np.float64), axis=0) for part in (one, other))
    half = half_width((a - b)[None], looks)
    first, difference = float(a.mean()), float((a - b).mean())
    return Compared(what, where, first, difference, half, seeds, len(a), None, looks=looks)


def core_hours(rows: Iterable[Row]) -> float | None:
    """Of all trainings in a table, and of the trials that chose their learning rates."""
    trainings: dict[Any, Any] = {}
    trials: dict[Any, Any] = {}
    for row in rows:
        trainings[row["variant"]] = row.get("core_seconds")
        if row.get("learning_rate") is not None:
            # One of the trials is the training of the first seed, where the rate was chosen.
            own = tuple(row.get(key) for key in ("network", "inputs", "layers"))
            trials[own] = row.get("tuning_core_seconds")
            tuned_at = row.get("tuned_at")
            chosen_there = tuned_at is None or row.get("trained_at") == tuned_at
            if row.get("seed") == 0 and chosen_there:
                trainings[row["variant"]] = 0.0
    spent = [*trainings.values(), *trials.values()]
    return None if any(s is None for s in spent) else sum(spent) / 3600
