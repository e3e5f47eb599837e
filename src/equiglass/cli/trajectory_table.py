"""What ``equiglass info`` says of a trajectory, beside what it says of any data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..reporting.dynamics import half_text

# Lines of a data set that mean nothing of a trajectory.
NOT_SHOWN = ("configurations", "trajectories", "stored predictions")


def trajectory_lines(
    summary: dict[str, Any], rows: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The lines of a data set, with those of a trajectory after its format."""
    found = summary["trajectory"]
    gap = f"{found['shortest_spacing']:g}"
    if found["spacing"] != "linear":
        gap = f"{gap} to {found['longest_spacing']:g}"
    own = [
        ("frames", f"{found['n_frames']}, {gap} apart"),
        ("time", f"{found['start']:g} to {found['stop']:g}"),
        ("particles followed by", _followed(found["unwrapped_by"])),
    ]
    ageing = [("first half, second half", half_text(half)) for half in found["halves"]]
    kept = [row for row in rows if row[0] not in NOT_SHOWN]
    tau = [] if summary["relaxation_times"] else [("tau_alpha", "not within half of the length")]
    return [kept[0], *own, *kept[1:], *tau, *ageing, ("ages", _verdict(found))]


def _followed(way: str) -> str:
    return "images or unwrapped positions in the file" if way == "the file" else way


def _verdict(found: dict[str, Any]) -> str:
    if found["ages"] is None:
        return "cannot be said: too few independent origins in each half"
    if found["ages"]:
        return "yes: the halves differ by more than chance"
    return "not seen: the halves agree within their errors"


def dynamics_title(summary: dict[str, Any]) -> str:
    """Over which origins."""
    used = max(row["n_origins"] for row in summary["targets"])
    possible = max(row["n_possible"] for row in summary["targets"])
    of = "" if used == possible else f" of {possible}"
    return (
        f"dynamics along the trajectory, over at most {used}{of} origins; errors where at least "
        "four stretches of it are independent"
    )


def with_error(row: dict[str, Any], name: str) -> str:
    """A number, and where it is known its error in brackets, in units of the last digit."""
    value, error = row[name], row[f"{name}_error"]
    if value is None or value != value:
        return "-"
    if not error:
        return f"{value:.3f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"
    digits = min(5, max(0, -math.floor(math.log10(error))))
    return f"{value:.{digits}f}({error * 10**digits:.0f})"
