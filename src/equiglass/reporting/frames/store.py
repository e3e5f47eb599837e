"""The project's own store, of frames."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...data.store import create_store, write_configuration
from ...evaluation.frames import About, FrameResult


def write_store(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """A configuration for each frame, called by its number; what they rest on in the record.

    Only what a configuration has is kept: no predictions.
    """
    create_store(path, **about.as_dict())
    for result in results:
        name = f"{result.moment.number:08d}"
        write_configuration(path, name, result.configuration, None)
