"""What was taken for granted of frames; without PyTorch, which data alone do not need."""

from __future__ import annotations

from ..data.moments import Moments


def assumptions(moments: Moments) -> tuple[str, ...]:
    """Sentences on what was taken for granted of the frames."""
    if moments.times is not None or moments.steps is None:
        return moments.assumed
    unknown = "times of the frames are not known: they state steps, and no timestep was given"
    return (*moments.assumed, unknown)
