"""What of the data is outside of what a model was trained on, said for many configurations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Departure(Protocol):
    """One quantity of a configuration outside the range of a model's training data.

    Its text is the sentence that says so: ``temperature 0.64, trained at 0.44 (+0.20)``.
    """

    @property
    def quantity(self) -> str:
        """What is outside."""

    @property
    def found(self) -> float | str:
        """Its value in the configuration."""

    @property
    def low(self) -> float | str:
        """The lowest value in training."""

    @property
    def high(self) -> float | str:
        """The highest value in training."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""


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
