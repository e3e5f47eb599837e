"""GSD: one frame is read at a time, when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.periodic import wrap
from ...opening import open_regular
from ..accuracy import Accuracy
from ..atoms import build
from ..configuration import Configuration
from ..entry import Entry
from ..fields import FIELDS, REQUIRED_FIELDS
from ..potential import Potential
from ..species import species_order, types_of
from .format import Format, Species
from .gsd_layer import MAGIC, TEMPERATURE, TIME, Trajectory
from .series import Frame, Series, Stamp


@contextmanager
def _trajectory(path: Path) -> Iterator[Trajectory]:
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
        return _configuration(trajectory, k, source, order)


def _known(trajectory: Trajectory, k: int, n: int, middle: NDArray[Any]) -> dict[str, Any]:
    """What equiglass wrote of each particle, and the potential."""
    found: dict[str, Any] = {"temperature": trajectory.said(k, TEMPERATURE)}
    about = trajectory.about()
    for key, kind in (("potential", Potential), ("accuracy", Accuracy)):
        if about.get(key) is not None:
            found[key] = kind.model_validate(about[key])
    for name, field in FIELDS.items():
        if field.shape not in (("N",), ("N", 3)) or name in REQUIRED_FIELDS:
            continue
        values = trajectory.of_particles(k, name, (n, *(3 for _ in field.shape[1:])))
        if values is not None:
            values = values.astype(np.float64)
            found[name] = values + middle if field.is_position else values
    return found


def _configuration(
    trajectory: Trajectory, k: int, source: str, order: Sequence[str]
) -> Configuration:
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
    known = _known(trajectory, k, len(types), box[:3] / 2 * [1, 1, not flat])
    if frame.particles.diameter is not None:
        known["diameter"] = frame.particles.diameter
    for name in known:
        if name in FIELDS and FIELDS[name].is_position:
            known[name] = wrap(known[name], box[:3], (True, True, not flat))
    return build(types, box[:3], positions + box[:3] / 2, source, flat=flat, **known)


def _order(frame: Any, species: Species, source: str) -> list[str]:
    """Which species is A, B, ... in a file with this first frame."""
    labels = _labels(frame, source)
    order = species_order(labels, species, source, [str(name) for name in frame.particles.types])
    types_of(labels, order, source)
    return order


def open_files(files: Sequence[Path], species: Species) -> list[Entry]:
    """Every frame of these files; the species of a file are those of its first frame."""
    entries = []
    for path in files:
        with _trajectory(path) as trajectory:
            n = len(trajectory)
            if n == 0:
                raise InputError("holds no configuration", source=path)
            names = [str(path)] if n == 1 else [f"{path}[{k}]" for k in range(n)]
            order = _order(trajectory[0], species, names[0])
        entries += [
            Entry(name, "GSD", partial(read_frame, path, k, name, order))
            for k, name in enumerate(names)
        ]
    return entries


def _read_moment(path: Path, order: Sequence[str], k: int) -> Frame:
    source = f"{path}[{k}]"
    with _trajectory(path) as trajectory:
        frame = trajectory[k]
        images = trajectory.images(k)
        energy = trajectory.logged(k, "potential_energy")
        configuration = _configuration(trajectory, k, source, order)
    unwrapped = None
    if images is not None:
        edges = np.asarray(frame.configuration.box[:3], dtype=np.float64)
        placed = np.asarray(frame.particles.position, dtype=np.float64) + edges / 2
        unwrapped = (placed + images * edges) * [1, 1, configuration.periodic[2]]
    if energy is not None:
        energy /= len(configuration)
    return Frame(configuration, unwrapped, None, energy)


def open_series(path: Path, species: Species) -> Series:
    """The frames of a GSD file, whose particles keep their order; images where they are stored."""
    with _trajectory(path) as trajectory:
        n = len(trajectory)
        order = _order(trajectory[0], species, f"{path}[0]") if n else []
        steps = [trajectory.step(k) for k in range(n)]
        times = [trajectory.said(k, TIME) for k in range(n)]
    # Without a step of its own a frame has that of the first.
    stated = n == 1 or len(set(steps)) > 1
    stamps = [
        Stamp(step if stated else None, time) for step, time in zip(steps, times, strict=True)
    ]
    return Series("GSD", stamps, partial(_read_moment, path, order))


FORMAT = Format(
    "GSD",
    claims=lambda file: file.head.startswith(MAGIC) or file.path.suffix == ".gsd",
    open=open_files,
    names_species=True,
)
