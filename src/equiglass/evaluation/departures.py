"""What of the data is outside of what a model was trained on, said for many configurations."""

from __future__ import annotations

from collections.abc import Sequence

from ..models.ranges import Departure


def outside(found: Sequence[Sequence[Departure]]) -> list[str]:
    """One sentence for each quantity: the farthest departure, and in how many configurations.

    Parameters
    ----------
    found
        The departures of each configuration.
    """
    by_quantity: dict[str, list[Departure]] = {}
    for departures in found:
        for one in departures:
            by_quantity.setdefault(one.quantity, []).append(one)
    result = []
    for members in by_quantity.values():
        everywhere = len(members) == len(found)
        where = "" if everywhere else f" in {len(members)} of {len(found)} configurations"
        result.append(f"{max(members, key=_distance)}{where}")
    return result


def _distance(departure: Departure) -> float:
    found, low, high = departure.found, departure.low, departure.high
    if isinstance(found, str) or isinstance(low, str) or isinstance(high, str):
        return 0.0
    return max(low - found, found - high)
