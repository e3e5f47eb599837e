"""Lists in an option's text, parted by commas."""

from __future__ import annotations

import math


def species_list(text: str | None) -> list[str] | None:
    """``Ni,P`` as a list."""
    return [part.strip() for part in text.split(",")] if text else None


def number_list(text: str | None, option: str, example: str) -> list[float] | None:
    """``1.65,4120`` as a list.

    Raises
    ------
    InputError
        If something else than finite numbers is there.
    """
    from ..errors import InputError

    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise InputError("numbers were expected", field=option, expected=example, found=text)
    return numbers
