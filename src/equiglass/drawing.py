"""Figures that depend on no display and no global state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .written import make_folder, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def blank_figure(*shape: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    """A figure with its axes, independent of any display."""
    # Figure objects of their own: no global pyplot state, no display needed.
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(*shape) if shape else figure.subplots()


def get_ready() -> None:
    """Import what draws and writes a picture, where it can be done beside other work."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure in the format of the file's ending."""
    target = Path(path)
    make_folder(target.parent)
    with whole(target) as partial:
        figure.savefig(partial, dpi=160, format=target.suffix[1:].lower() or "png")
    return target
