"""How often the question of a comparison had been asked when its run was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from equiglass.studies.base import Row
from equiglass.studies.inputs import BOTH, THERMAL_GRAPH
from equiglass.studies.networks import RIDGE

SEEDS, CONFIGURATIONS = 3, 12  # with fewer a run decides nothing
LOOKS, PLANNED = "looks", "planned_seeds"  # of a row
# The same question, asked before: by shorter trainings, from other starts, on another graph.
EARLIER: Mapping[str, tuple[str, ...]] = {
    "equivariance_warm": ("equivariance_t064",),
    "equivariance_long": ("equivariance_t064", "equivariance_warm"),
    "equivariance_thermal": ("equivariance_t064", "equivariance_warm", "equivariance_long"),
    "rivals_warm": ("rivals_t064",),
    "rivals_long": ("rivals_t064", "rivals_warm"),
    "inputs_long": ("inputs_warm",),
    "depth_warm": ("depth_t064",),
    "depth_long": ("depth_t064", "depth_warm"),
    "temperatures": ("temperatures_short",),
    "temperatures_botan": ("temperatures_short_botan",),
    "layers_long": ("layers_t064",),
    "timescales_warm": ("timescales_t064",),
}
# Runs of three seeds and twelve tests whose tables were taken out or written over: in which table,
# of which rows, how many.
NOT_KEPT: tuple[tuple[str, Mapping[str, Any], int], ...] = (
    # All sets of inputs at one learning rate; the last set was not there.
    ("inputs_warm", {}, 1),
    ("inputs_warm", {"inputs": f"{BOTH},{THERMAL_GRAPH}"}, -1),
    # All depths at one learning rate.
    ("depth_warm", {}, 1),
    # With three and with six seeds, by timings of an older kernel.
    ("equal_degrees", {}, 2),
    # 72 steps.
    ("order_ensembles", {}, 1),
    # Ridges whose penalty was chosen by single particles.
    ("rivals_long", {"network": RIDGE}, 2),
    ("temperatures", {"network": RIDGE}, 1),
    # The first studies of equivariance and rivals had tests at T = 0.56.
    ("temperatures", {"trained_at": 0.64, "tested_at": 0.56}, 1),
    ("temperatures_botan", {"trained_at": 0.64, "tested_at": 0.56}, 1),
)
# Seeds that were planned from the start; more than three are otherwise those that were added.
FROM_START = {"layers_long": 6}
# What tells apart the rows of a table that answer different questions.
COLUMNS = (
    "network", "networks", "inputs", "layers", "layer", "field", "trained_at", "tested_at",
)  # fmt: skip


def with_looks(name: str, rows: list[Row], read: Callable[[str], list[Row]]) -> list[Row]:
    """The rows of a table, each with the number of runs that asked what it answers, with its own.

    Parameters
    ----------
    read
        Of a table, by its name.
    """
    before = [
        {identity(row) for row in read(earlier) if decisive(row)}
        for earlier in EARLIER.get(name, ())
    ]
    # What an earlier table was written over counts for those that came after, too.
    chain = (name, *EARLIER.get(name, ()))
    taken_out = [(tuple(where.items()), n) for table, where, n in NOT_KEPT if table in chain]
    found = []
    for row in rows:
        looks = 1 + sum(any(agree(row, other) for other in part) for part in before)
        looks += sum(n for where, n in taken_out if agree(row, where))
        found.append({**row, PLANNED: FROM_START.get(name, SEEDS), LOOKS: looks})
    return found


def identity(row: Row) -> tuple[tuple[str, Any], ...]:
    """What a row is of."""
    return tuple((column, row[column]) for column in COLUMNS if column in row)


def agree(row: Row, other: tuple[tuple[str, Any], ...]) -> bool:
    """Whether a row has these values, as far as it has such columns."""
    return all(row.get(column, value) == value for column, value in other)


def decisive(row: Row) -> bool:
    """Whether a row could decide something by the number of its tests."""
    return int(row["n_configurations"]) >= CONFIGURATIONS


def looks_at(one: Iterable[Row], other: Iterable[Row], seeds: int) -> int:
    """Of the comparison of two sets of rows: runs that have both, and one more for added seeds."""
    both = [*one], [*other]
    asked = min(max(int(row.get(LOOKS, 1)) for row in part) for part in both)
    planned = max(int(row.get(PLANNED, SEEDS)) for part in both for row in part)
    return asked + (seeds > planned)
