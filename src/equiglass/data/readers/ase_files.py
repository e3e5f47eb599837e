"""Everything that ASE reads: extxyz, LAMMPS dump and data, and many more.

Of extxyz and LAMMPS text dumps one frame is read at a time, when it is asked for; opening such a
file goes through its lines once to find the frames, and keeps none. Of the other formats the last
file that was read is kept as a whole, since ASE cannot in general read a part.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..atoms import TYPE_ARRAYS, from_ase, labels_of, species_order
from ..configuration import Configuration
from ..entry import Entry
from .format import File, Format, Species
from .frames import Span, dump_frames, extxyz_frames

if TYPE_CHECKING:
    from ase import Atoms

NAME = "ASE"
XYZ_ENDINGS = (".xyz", ".extxyz")
DUMP_HEAD = b"ITEM: "
# Endings that ASE counts as its own, and that in a folder are notes, tables or other codes' logs.
NOT_CLAIMED = (".md", ".txt", ".yaml", ".yml", ".json", ".csv", ".out", ".log", ".dat")


def _is_lammps_data(path: Path) -> bool:
    return path.suffix in (".data", ".lmp") or path.name.startswith("data.")


def is_dump(file: File) -> bool:
    """Whether it is a LAMMPS text dump."""
    return file.head.startswith(DUMP_HEAD)


def _claims(file: File) -> bool:
    from ase.io.formats import UnknownFileTypeError, filetype

    path = file.path
    if not path.is_file():
        return False
    if path.suffix in (*XYZ_ENDINGS, ".lammpstrj", ".dump") or is_dump(file):
        return True
    if _is_lammps_data(path):
        return True
    if path.suffix.lower() in NOT_CLAIMED:
        return False
    try:
        return filetype(str(path), guess=False) is not None
    except (UnknownFileTypeError, OSError, ValueError):
        return False


def _parsed(source: object, **options: Any) -> list[Atoms]:
    import ase.io

    frames = ase.io.read(source, index=slice(None), **options)  # type: ignore[arg-type]
    return frames if isinstance(frames, list) else [frames]


def _guarded(path: Path, read: Callable[[], list[Atoms]]) -> list[Atoms]:
    try:
        return read()
    except InputError:
        raise
    except Exception as error:  # readers of foreign formats raise anything
        problem = " ".join(str(error).split())[:200]
        raise InputError(
            f"not a format that equiglass or ASE can read: {type(error).__name__}: {problem}",
            source=path,
        ) from error


@lru_cache(maxsize=1)
def _whole_file(path: Path, stamp: tuple[int, int]) -> list[Atoms]:
    options: dict[str, Any] = (
        {"format": "lammps-data", "atom_style": "atomic"} if _is_lammps_data(path) else {}
    )
    return _guarded(path, lambda: _parsed(path, **options))


def whole(path: Path) -> list[Atoms]:
    """Every frame of such a file."""
    status = path.stat()
    return _whole_file(path, (status.st_mtime_ns, status.st_size))


def one_frame(path: Path, span: Span, format: str) -> Atoms:
    """The frame that lies there."""
    frames = _guarded(path, lambda: _parsed(io.StringIO(span.text(path)), format=format))
    if len(frames) != 1:
        raise InputError("one frame was expected", source=path, found=len(frames))
    return frames[0]


def from_whole(path: Path, k: int) -> Atoms:
    """Frame ``k`` of a file of which ASE cannot read a part."""
    frames = whole(path)
    if k >= len(frames):
        raise InputError("has fewer frames than when it was opened", source=path, found=len(frames))
    return frames[k]


def _load(frame: Callable[[], Atoms], source: str, order: Sequence[str] | None) -> Configuration:
    return from_ase(frame(), species=order, source=source)


def _frames(path: Path) -> list[Callable[[], Atoms]]:
    """What reads each frame of a file."""
    file = File(path)
    if path.suffix in XYZ_ENDINGS:
        return [partial(one_frame, path, span, "extxyz") for span in extxyz_frames(path)]
    if is_dump(file):
        return [partial(one_frame, path, span, "lammps-dump-text") for span in dump_frames(path)]
    return [partial(from_whole, path, k) for k in range(len(whole(path)))]


def open_files(files: Sequence[Path], species: Species) -> list[Entry]:
    """Every frame of these files; the species of a file are those of its first frame."""
    entries = []
    for path in files:
        frames = _frames(path)
        if not frames:
            raise InputError("holds no configuration", source=path)
        names = [str(path)] if len(frames) == 1 else [f"{path}[{k}]" for k in range(len(frames))]
        first = frames[0]()
        order: Sequence[str] | None = species
        if species is None and TYPE_ARRAYS[0] not in first.arrays:
            order = species_order(labels_of(first))
        from_ase(first, species=order, source=names[0])  # what is wrong shows now
        entries += [
            Entry(name, NAME, partial(_load, frame, name, order))
            for name, frame in zip(names, frames, strict=True)
        ]
    return entries


FORMAT = Format(NAME, claims=_claims, open=open_files)
