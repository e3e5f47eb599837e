"""One of the claims of docs/claims.md: what decides it, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claim_rows import OPEN, REFUTED, SHOWN, Compared, together

MOST = 4  # comparisons that are named one by one in the page's summary


@dataclass(frozen=True)
class Claim:
    """One of the seven.

    Attributes
    ----------
    decides, beside
        The comparisons that the verdict follows from, and others, by what they are about; None
        where no run is committed.
    notes
        What the numbers are of, point by point.
    figure
        In docs/results.
    tables
        Lines of tables below the comparisons.
    trainings
        Lines of a table of what each training took.
    singly
        Those of ``beside`` that are parts of the deciding ones, at single times.
    """

    title: str
    says: str
    commands: Sequence[str]
    decides: Sequence[Compared | None]
    beside: Mapping[str, Sequence[Compared | None]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    figure: str = ""
    singly: Sequence[Compared | None] = ()
    tables: Sequence[str] = ()
    trainings: Sequence[str] = ()

    @property
    def verdict(self) -> str:
        """By the rule."""
        found = [c for c in self.decides if c is not None]
        return together(found) if found and len(found) == len(self.decides) else OPEN

    @property
    def missing(self) -> str:
        """What the decisive comparisons lack, each once."""
        absent = sum(c is None for c in self.decides)
        if not self.decides or absent == len(self.decides):
            return "a committed run"
        if absent:
            return f"a committed run of {absent} of the {len(self.decides)} comparisons"
        every = [m for c in self.decides if c is not None for m in c.missing]
        return "; ".join(dict.fromkeys(every))

    @property
    def numbers(self) -> str:
        """Of the decisive comparisons."""
        known = [c for c in self.decides if c is not None]
        if len(known) > MOST:
            parts = [
                counted([c for c in known if c.what == w])
                for w in dict.fromkeys(c.what for c in known)
            ]
        else:
            parts = [f"{', '.join([c.what, *own(c.where, known)])}: {c.number}" for c in known]
        verdicts = {(c.what, c.where): c.verdict for c in known}
        times: dict[tuple[str, str], list[str]] = {}
        for c in (c for c in self.singly if c is not None):
            where, _, time = c.where.rpartition(", t = ")
            if c.verdict != verdicts.get((c.what, where)):
                key = ", ".join([c.what, *own(where, known)]), c.verdict
                times.setdefault(key, []).append(time)
        parts += [f"{v} at t = {', '.join(t)} alone ({what})" for (what, v), t in times.items()]
        return "; ".join(parts)


def own(where: str, known: Sequence[Compared]) -> list[str]:
    """Parts of a place that the compared places do not share."""
    every = [c.where.split(", ") for c in known]
    return [part for part in where.split(", ") if not all(part in parts for parts in every)]


def counted(found: Sequence[Compared]) -> str:
    """The same comparison at several places: the least and the largest difference, and verdicts."""
    if len(found) == 1:
        return f"{found[0].what}: {found[0].number}"
    ordered = sorted(found, key=lambda c: c.difference)
    verdicts = [c.verdict for c in found]
    said = ", ".join(f"{verdicts.count(v)} {v}" for v in (SHOWN, REFUTED, OPEN) if v in verdicts)
    return f"{found[0].what}: {ordered[0].number} to {ordered[-1].number} ({said})"
