"""From the description of a model in an older format to the present one.

Each step takes the description of one version to the next and is never changed afterwards. Small
models of every version are kept in ``tests/models/stored`` and loaded in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InputError

VERSION = 5


def _one_to_two(description: dict[str, Any]) -> dict[str, Any]:
    """Version 2 records how inputs were prepared and the domain; of version 1 neither is known."""
    notes = description.get("notes")
    if isinstance(notes, dict):
        notes = {**notes, "format": "written as version 1, without preparation and domain"}
    return {**description, "notes": notes, "preparation": None, "domain": None}


def _two_to_three(description: dict[str, Any]) -> dict[str, Any]:
    """Version 3 records a calibration of errors."""
    return {**description, "calibration": None}


def _three_to_four(description: dict[str, Any]) -> dict[str, Any]:
    """Version 4 records the target, and may have other times at each temperature.

    Before, there were displacements alone, at the same times.
    """
    return {**description, "target": "displacement", "grid": None}


def _four_to_five(description: dict[str, Any]) -> dict[str, Any]:
    """Version 5 records what was learned from displacements on the way to states."""
    return {**description, "displacements": []}


STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _one_to_two,
    2: _two_to_three,
    3: _three_to_four,
    4: _four_to_five,
}


def upgraded(description: Any, source: str) -> dict[str, Any]:
    """A description of any version in the present one.

    Raises
    ------
    InputError
        If it has no version, or that of a newer equiglass.
    """
    version = description.get("version") if isinstance(description, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(
            "damaged description of a model",
            source=source,
            field="version",
            expected="a whole number",
            found=repr(version)[:40],
        )
    if version > VERSION:
        raise InputError(
            "written by a newer equiglass",
            source=source,
            field="version",
            expected=f"at most {VERSION}",
            found=version,
        )
    for step in range(version, VERSION):
        description = {**STEPS[step](description), "version": step + 1}
    result: dict[str, Any] = description
    return result
