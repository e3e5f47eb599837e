"""Whether what was accepted is right: what a file that was changed may still mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from equiglass.data.configuration import Configuration
from equiglass.data.fields import FIELDS
from equiglass.data.validation import validate
from equiglass.models.propensity import PropensityModel

Check = Callable[[Any, bytes, bool], str | None]


def sound(found: list[Configuration], content: bytes, by_bytes: bool) -> str | None:
    """Whether configurations are valid, finite and no larger than their file."""
    for c in found:
        validate(c)
        size = sum(a.nbytes for name, a in c.known.items() if name != "propensity_halves")
        if len(c) > len(content) or size > 200 * len(content) + 100_000:
            return f"{len(c)} particles of a file of {len(content)} bytes"
    return None if found else "no configuration"


def unchanged(good: Sequence[list[Configuration]]) -> Check:
    """Of a format with checksums: changed bytes are refused, or what is read is as it was."""
    known = [c for configurations in good for c in configurations]

    def check(found: list[Configuration], content: bytes, by_bytes: bool) -> str | None:
        problem = sound(found, content, by_bytes)
        if problem or not by_bytes:
            return problem
        for c in found:
            for name in FIELDS:
                array = getattr(c, name)
                same = [getattr(k, name) for k in known]
                if array is not None and not any(
                    s is not None and np.array_equal(array, s, equal_nan=True) for s in same
                ):
                    return f"other {name} than were written"
        return None

    return check


def counted(pattern: bytes) -> Check:
    """The number of particles of each frame is the one that the file declares."""
    declared = re.compile(pattern, re.MULTILINE)

    def check(found: list[Configuration], content: bytes, by_bytes: bool) -> str | None:
        stated = [int(n) for n in declared.findall(content)]
        if [len(c) for c in found] != stated[: len(found)] or len(stated) < len(found):
            return f"{[len(c) for c in found]} particles, where the file says {stated[:5]}"
        return sound(found, content, by_bytes)

    return check


def plain(value: Any, content: bytes, by_bytes: bool) -> str | None:
    """Whether a pickle gave numbers, text, containers and arrays of numbers alone."""
    seen: set[int] = set()
    todo = [value]
    while todo and len(seen) < 10_000:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, (list, tuple)):
            todo += item
        elif isinstance(item, (np.ndarray, np.generic)):
            if item.dtype.kind not in "biufSU" or item.nbytes > 4 * len(content):
                return f"an array of {item.dtype}, {item.nbytes} bytes"
        elif type(item) not in (int, float, str, bytes, bytearray, bool, type(None)):
            return f"a {type(item).__name__}"
    return None


def fits(model: PropensityModel, content: bytes, by_bytes: bool) -> str | None:
    if 2 * model.n_parameters > 3 * len(content) or not model.times:
        return f"{model.n_parameters} parameters of a file of {len(content)} bytes"
    return None


def again(value: BaseModel, content: bytes, by_bytes: bool) -> str | None:
    """Whether settings are valid by themselves."""
    again = type(value).model_validate(value.model_dump())
    return None if again.model_dump_json() == value.model_dump_json() else "other settings"


def anything(value: Any, content: bytes, by_bytes: bool) -> str | None:
    return None
