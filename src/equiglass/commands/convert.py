"""``equiglass convert``: any readable data as a store, or as a file of particles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset, read
from ..data.fields import FIELDS, REQUIRED_FIELDS
from ..data.readers import stores
from ..data.store import own_attributes, write_store
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..progress import track
from ..reporting.frames.output import PARTICLES
from .options import PathLike, check_output
from .particles import write_particles
from .places import check_apart, require_new

NEEDED = frozenset({*REQUIRED_FIELDS, "times"})


def convert(
    data: Data | Trajectory,
    out: PathLike,
    *,
    drop: Sequence[str] = (),
    species: Sequence[str] | None = None,
    progress: bool = False,
) -> Dataset:
    """Write a data set to the project's own Zarr store, or to a file of particles; returns that.

    A store, ``.zarr`` or ``.zarr.zip``, has all there is. What stores record about themselves as a
    whole, such as the simulation that made them, is kept as far as all that are read agree on it.
    A file, ``.extxyz``, ``.gsd``, ``.lammpstrj`` or ``.dump``, has what is known of each particle,
    with a column for each time; of a trajectory the times, steps, ids and images too.

    Parameters
    ----------
    drop
        Fields to leave out, such as ``end_positions``.

    Raises
    ------
    InputError
        If ``out`` exists, lies in the data or is being written by another process, a field cannot
        be left out, or a configuration cannot be read; for a file, if configurations have other
        times or potentials than the first.

    Warns
    -----
    AssumptionWarning
        If a file has no place for something that the data have.
    """
    for name in drop:
        if name not in FIELDS or name in NEEDED:
            raise InputError(
                "cannot be left out", field=name, expected=sorted(set(FIELDS) - NEEDED)
            )
    target = Path(out)
    if target.suffix in PARTICLES:
        write_particles(target, data, drop=drop, species=species, progress=progress)
        return read(target)
    if isinstance(data, Trajectory):
        raise InputError(
            "a trajectory becomes a file of particles; a store is made of a data set",
            source=target, expected=PARTICLES,
        )  # fmt: skip
    dataset = as_dataset(data, species=species)
    check_apart(target, data, dataset)
    require_new(target)
    check_output(target, folder=target.suffix != ".zip")
    names = names_of(dataset)
    with track("convert", len(dataset), enabled=progress) as advance:

        def rows() -> Iterator[tuple[str, Configuration, str | None]]:
            for name, entry in zip(names, dataset.entries, strict=True):
                configuration = entry.load().replace(**dict.fromkeys(drop))
                yield name, configuration, entry.split
                advance()

        write_store(target, rows(), **_kept(dataset))
    return read(target)


def names_of(dataset: Dataset) -> list[str]:
    """A store keeps the names of its configurations; files, and equal names, are numbered."""
    names = [Path(e.name).name for e in dataset.entries if e.format == stores.NAME]
    if len(set(names)) == len(dataset):
        return names
    return [f"{k:05d}" for k in range(len(dataset))]


def _kept(dataset: Dataset) -> dict[str, Any]:
    """What all stores that the configurations come from record about themselves."""
    if any(entry.format != stores.NAME for entry in dataset.entries):
        return {}
    first, *others = (own_attributes(s) for s in {Path(e.name).parent for e in dataset.entries})
    return {k: v for k, v in first.items() if all(k in o and o[k] == v for o in others)}
