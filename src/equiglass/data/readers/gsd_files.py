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
from ..atoms import build
from ..configuration import Configuration
from ..entry import Entry
from ..species import species_order, types_of
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


def _labels(frame: Any, source: str) -> list[str]:
    """The name of each particle's species.

    Raises
    ------
    InputError
        If there are no particles, or arrays do not fit their number.
    """
    particles = frame.particles
    n = int(particles.N)
    if n < 1:
        raise InputError("no particles", source=source, field="particles/N", found=n)
    names = [str(name) for name in particles.types]
    for name, shape in (("typeid", (n,)), ("position", (n, 3))):
        if np.shape(getattr(particles, name)) != shape:
            raise InputError(
                "has the wrong shape", source=source, field=f"particles/{name}", expected=shape,
                found=np.shape(getattr(particles, name)),
            )  # fmt: skip
    types = np.asarray(particles.typeid)
    if types.max() >= len(names):
        raise InputError(
            "a particle's type has no name", source=source, field="particles/typeid",
            expected=f"0 to {len(names) - 1}", found=int(types.max()),
        )  # fmt: skip
    return [names[t] for t in types]


def read_frame(path: Path, k: int, source: str, order: Sequence[str]) -> Configuration:
    """Frame ``k``; ``order`` says which species is A, B, ..."""
    with _trajectory(path) as trajectory:
        frame = trajectory[k]
        labels = _labels(frame, source)
        box = np.asarray(frame.configuration.box, dtype=np.float64)
        positions = np.asarray(frame.particles.position, dtype=np.float64)
        flat = frame.configuration.dimensions == 2
    if box.shape != (6,) or box[3:].any():
        raise InputError(
            "a triclinic box; only orthorhombic boxes are supported",
            source=source,
            field="box",
            found=box.tolist(),
        )
    if flat and positions[:, 2].any():
        raise InputError(
            "the file says two dimensions and has particles outside the plane z = 0",
            source=source,
            field="dimensions",
            found=f"z from {positions[:, 2].min():.6g} to {positions[:, 2].max():.6g}",
        )
    types = types_of(labels, order, source)
    return build(types, box[:3], positions + box[:3] / 2, source, flat=flat)


def open_files(files: Sequence[Path], species: Species) -> list[Entry]:
    """Every frame of these files; the species of a file are those of its first frame."""
    entries = []
    for path in files:
        with _trajectory(path) as trajectory:
            n = len(trajectory)
            if n == 0:
                raise InputError("holds no configuration", source=path)
            names = [str(path)] if n == 1 else [f"{path}[{k}]" for k in range(n)]
            labels = _labels(trajectory[0], names[0])
            declared = [str(name) for name in trajectory[0].particles.types]
            order = species_order(labels, species, names[0], declared)
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
