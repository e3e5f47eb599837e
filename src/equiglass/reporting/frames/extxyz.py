"""Extended xyz, with everything in columns and in the ``info`` of each frame."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from ...data.extxyz import write_frame
from ...evaluation.columns import as_atoms
from ...evaluation.frames import About, FrameResult


def write_extxyz(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """One frame after the other."""
    with path.open("wb") as out, io.TextIOWrapper(out, encoding="utf-8") as text:
        for result in results:
            write_frame(text, as_atoms(about, result))
