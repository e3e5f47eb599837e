"""Results per particle as files that OVITO, ASE, LAMMPS, HOOMD and NumPy read, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ...evaluation.frames import About, FrameResult
from ...files import partial_of, publish, remove, sync_tree
from ...written import naming, whole, write_json
from .dump import write_dump
from .extxyz import write_extxyz
from .gsd_file import write_gsd
from .npz import write_npz

Write = Callable[[Path, About, Iterable[FrameResult]], None]

FORMATS: dict[str, Write] = {
    ".extxyz": write_extxyz,
    ".xyz": write_extxyz,
    ".npz": write_npz,
    ".gsd": write_gsd,
    ".lammpstrj": write_dump,
    ".dump": write_dump,
}
ENDINGS = tuple(FORMATS)
XYZ = (".extxyz", ".xyz")
PARTICLES = tuple(ending for ending in ENDINGS if ending != ".npz")  # which equiglass reads too
STORE = ".zarr"  # of quenches: a store has no place for predictions
# Nothing may stand in a dump beside what LAMMPS itself writes, or LAMMPS cannot read it.
BESIDE = (".lammpstrj", ".dump")


def _whole_store(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    from .store import write_store  # imports zarr

    partial = partial_of(path)
    try:
        with naming(path):
            write_store(partial, about, results)
            sync_tree(partial)
            publish(partial, path)
    finally:
        remove(partial)


def notes_beside(path: Path) -> Path | None:
    """The file that says what a dump rests on; None for formats that say it themselves."""
    return path.with_name(f"{path.name}.json") if path.suffix in BESIDE else None


def write_frames(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """Write results in the format of the file's ending; one frame is in memory at a time.

    The file is there whole or not at all. What the results rest on stands in it once: in ``info``
    of each frame of extended xyz, which has nothing for all; in the array ``about`` of npz; in
    ``log/equiglass/about`` of the first frame of GSD; and of a LAMMPS dump, which has no place
    for it, in ``NAME.json`` beside it.

    Raises
    ------
    InputError
        If it cannot be written, or a frame cannot be read.
    """
    if path.suffix == STORE:
        _whole_store(path, about, results)
        return
    with whole(path) as partial:
        FORMATS[path.suffix](partial, about, results)
        notes = notes_beside(path)
        if notes is not None:
            write_json(notes, about.as_dict())
