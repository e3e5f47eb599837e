"""Ranges of frames, as ``start:stop:step``."""

from __future__ import annotations

import re

from ..errors import InputError

Frames = str | int | slice
N = r"-?[0-9]{1,18}"


def parse_frames(frames: Frames) -> slice:
    """``start:stop:step`` or a number as a slice, as Python counts.

    Raises
    ------
    InputError
        If it is not of this form, or the step is not positive.
    """
    if isinstance(frames, int):
        result = slice(frames, frames + 1 or None)
    elif isinstance(frames, slice):
        result = frames
    else:
        match = re.fullmatch(rf"\s*({N})?\s*(?:(:)\s*({N})?\s*(?::\s*({N})?\s*)?)?", frames)
        if match is None or not frames.strip():
            raise InputError(
                "no range of frames", field="frames", expected="start:stop:step", found=frames
            )
        start, colon, stop, step = match.groups()
        if colon is None:
            return parse_frames(int(start))
        result = slice(*(None if v is None else int(v) for v in (start, stop, step)))
    if result.step is not None and result.step < 1:
        raise InputError(
            "the step must be positive", field="frames", expected="start:stop:step",
            found=result.step,
        )  # fmt: skip
    return result


def chosen_frames(frames: Frames, n: int, source: str) -> range:
    """The numbers that are meant, of ``n`` frames.

    Raises
    ------
    InputError
        If the range begins or ends outside of these, or holds none.
    """
    part = parse_frames(frames)
    for name, value in (("start", part.start), ("stop", part.stop)):
        if value is not None and not -n <= value <= n:
            raise InputError(
                f"the {name} of the range is outside of the frames", source=source,
                field="frames", expected=f"{-n} to {n}", found=value,
            )  # fmt: skip
    numbers = range(n)[part]
    if not numbers:
        raise InputError(
            "an empty range", source=source, field="frames", expected=f"some of {n} frames",
            found=":".join("" if v is None else str(v) for v in (part.start, part.stop, part.step)),
        )  # fmt: skip
    return numbers
