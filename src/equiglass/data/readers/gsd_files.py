"""GSD: one frame is read at a time, when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...opening import open_regular
from ..atoms import build, species_order, types_of
from ..configuration import Configuration
from ..entry import Entry
from .format import Format, Species
from .gsd_layer import MAGIC, Trajectory


@contextmanager
def _trajectory(path: Path) -> Iterator[Any]:
    # Not by the gsd library, which a damaged index crashes.
    with open_regular(path) as file:
        try:
            yield Trajectory(file)
        except InputError:
            raise
        except (OSError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise InputError(f"not a readable GSD file: {error}", source=path) from error


def _labels(frame: Any) -> list[str]:
    names = list(frame.particles.types)
    return [str(names[t]) for t in frame.particles.typeid]


def read_frame(path: Path, k: int, source: str, order: Sequence[str]) -> Configuration:
    """Frame ``k``; ``order`` says which species is A, B, ..."""
    with _trajectory(path) as trajectory:
        frame = trajectory[k]
        box = np.asarray(frame.configuration.box, dtype=np.float64)
        if box[3:].any():
            raise InputError(
                "only orthorhombic boxes are supported",
                source=source,
                field="box",
                found=box.tolist(),
            )
        positions = np.asarray(frame.particles.position, dtype=np.float64) + box[:3] / 2
        types = types_of(_labels(frame), order, source)
        flat = frame.configuration.dimensions == 2
    return build(types, box[:3], positions, source, flat=flat)


def open_files(files: Sequence[Path], species: Species) -> list[Entry]:
    """Every frame of these files; the species of a file are those of its first frame."""
    entries = []
    for path in files:
        with _trajectory(path) as trajectory:
            n = len(trajectory)
            if n == 0:
                raise InputError("holds no configuration", source=path)
            names = [str(path)] if n == 1 else [f"{path}[{k}]" for k in range(n)]
            labels = _labels(trajectory[0])
            order = species_order(labels, species)
            types_of(labels, order, names[0])
        entries += [
            Entry(name, "GSD", partial(read_frame, path, k, name, order))
            for k, name in enumerate(names)
        ]
    return entries


FORMAT = Format(
    "GSD",
    claims=lambda file: file.head.startswith(MAGIC) or file.path.suffix == ".gsd",
    open=open_files,
)
