"""Extxyz, LAMMPS dump and data, and what else ASE reads.

Of extxyz and LAMMPS text dumps one frame is read at a time, when it is asked for; opening such a
file goes through its lines once to find the frames, and keeps none. Of the other formats the last
file that was read is kept as a whole, since ASE cannot in general read a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ...errors import InputError
from ...opening import regular_size
from ..atoms import from_ase
from ..configuration import Configuration
from ..entry import Entry
from ..species import TYPE_ARRAYS, labels_of, species_order
from .format import File, Format, Species
from .frames import Span, dump_frames, extxyz_frames, whole_text
from .lammps_data import parse_data
from .lammps_dump import dump_stamp, parse_dump
from .series import Stamp
from .table import in_order_of_ids
from .xyz import parse_frame, xyz_stamp

if TYPE_CHECKING:
    from ase import Atoms

T = TypeVar("T")
NAME = "ASE"
XYZ_ENDINGS = (".xyz", ".extxyz")
DUMP_HEAD = b"ITEM: "
# Endings that ASE counts as its own, and that in a folder are notes, tables or other codes' logs.
NOT_CLAIMED = (".md", ".txt", ".yaml", ".yml", ".json", ".csv", ".out", ".log", ".dat")

# What ASE would unpack on the way, whatever comes out.
COMPRESSED = (".gz", ".bz2", ".xz")


class FindFrames(Protocol):
    """Finds the frames of a file, which may be ``growing``."""

    def __call__(self, path: Path, *, growing: bool = False) -> list[Span]:
        """Where each lies."""
        ...


@dataclass(frozen=True)
class Text:
    """A text format of many frames, each of which is read alone."""

    name: str
    frames: FindFrames
    parse: Callable[[str, str], Atoms]
    stamp: Callable[[Iterable[str], str], Stamp]


EXTXYZ = Text("extxyz", extxyz_frames, parse_frame, xyz_stamp)
DUMP = Text("LAMMPS dump", dump_frames, parse_dump, dump_stamp)


def _is_lammps_data(path: Path) -> bool:
    return path.suffix in (".data", ".lmp") or path.name.startswith("data.")


def _is_dump(file: File) -> bool:
    # ASE would look for a frame anywhere in a file of these names.
    return file.path.suffix in (".lammpstrj", ".dump") or file.head.startswith(DUMP_HEAD)


def _claims(file: File) -> bool:
    path = file.path
    if not path.is_file():
        return False
    if path.suffix in XYZ_ENDINGS or _is_dump(file):
        return True
    if _is_lammps_data(path):
        return True
    if path.suffix.lower() in NOT_CLAIMED:
        return False
    # Only now: SciPy, and all that ASE reads, come with it.
    from ase.io.formats import UnknownFileTypeError, filetype

    try:
        return filetype(str(path), guess=False) is not None
    except (UnknownFileTypeError, OSError, ValueError):
        return False


def _parsed(path: Path) -> list[Atoms]:
    import ase.io

    frames = ase.io.read(path, index=slice(None))
    return [
        in_order_of_ids(atoms, str(path))
        for atoms in (frames if isinstance(frames, list) else [frames])
    ]


def guarded(path: Path, read: Callable[[], T]) -> T:
    """What ``read`` returns.

    Raises
    ------
    InputError
        For whatever goes wrong.
    """
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
    if _is_lammps_data(path):
        return guarded(path, lambda: [parse_data(whole_text(path), str(path))])
    return guarded(path, lambda: _parsed(path))


def whole(path: Path) -> list[Atoms]:
    """Every frame of such a file."""
    regular_size(path)
    if path.suffix in COMPRESSED:
        raise InputError("compressed: unpack it first, to see how large it is", source=path)
    status = path.stat()
    return _whole_file(path, (status.st_mtime_ns, status.st_size))


def one_frame(path: Path, span: Span, text: Text, source: str) -> Atoms:
    """The frame that lies there, its particles in the order of their ids."""
    return guarded(path, lambda: text.parse(span.text(path), source))


def from_whole(path: Path, k: int) -> Atoms:
    """Frame ``k`` of a file of which ASE cannot read a part."""
    frames = whole(path)
    if k >= len(frames):
        raise InputError("has fewer frames than when it was opened", source=path, found=len(frames))
    return frames[k]


def first_order(atoms: Atoms, species: Species, source: str) -> Sequence[str] | None:
    """Which species is A, B, ... in a file with this first frame; None if it has types itself."""
    if species is None and TYPE_ARRAYS[0] not in atoms.arrays:
        return species_order(labels_of(atoms, source=source), source=source)
    return species


def configuration_of(atoms: Atoms, order: Sequence[str] | None, source: str) -> Configuration:
    """A frame of a file with this order of species."""
    if order is None and TYPE_ARRAYS[0] not in atoms.arrays:
        raise InputError(
            "is missing in this frame, and the first has it", source=source, field=TYPE_ARRAYS[0]
        )
    with plain_values(source):
        return from_ase(atoms, species=order, source=source)


@contextmanager
def plain_values(source: str) -> Iterator[None]:
    """Where atoms are converted, whose columns and remarks may be of any kind."""
    try:
        yield
    except InputError:
        raise
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise InputError(f"a value is not what it should be: {error}", source=source) from error


def _load(frame: Callable[[], Atoms], source: str, order: Sequence[str] | None) -> Configuration:
    return configuration_of(frame(), order, source)


def text_of(path: Path) -> Text | None:
    """What reads the frames of a text file; None if ASE reads it as a whole."""
    if path.suffix in XYZ_ENDINGS:
        return EXTXYZ
    return DUMP if _is_dump(File(path)) else None


def format_name(path: Path, text: Text | None) -> str:
    """What the file is called, by who reads it."""
    if text is not None:
        return text.name
    return "LAMMPS data" if _is_lammps_data(path) else NAME


def _frames(path: Path, text: Text | None) -> list[Callable[[], Atoms]]:
    """What reads each frame of a file."""
    if text is None:
        return [partial(from_whole, path, k) for k in range(len(whole(path)))]
    spans = text.frames(path)
    names = [str(path)] if len(spans) == 1 else [f"{path}[{k}]" for k in range(len(spans))]
    return [
        partial(one_frame, path, span, text, name) for span, name in zip(spans, names, strict=True)
    ]


def open_files(files: Sequence[Path], species: Species) -> list[Entry]:
    """Every frame of these files; the species of a file are those of its first frame."""
    entries = []
    for path in files:
        text = text_of(path)
        format = format_name(path, text)
        frames = _frames(path, text)
        if not frames:
            raise InputError("holds no configuration", source=path)
        names = [str(path)] if len(frames) == 1 else [f"{path}[{k}]" for k in range(len(frames))]
        first = frames[0]()
        order = first_order(first, species, names[0])
        configuration_of(first, order, names[0])  # what is wrong shows now
        entries += [
            Entry(name, format, partial(_load, frame, name, order))
            for name, frame in zip(names, frames, strict=True)
        ]
    return entries


FORMAT = Format(NAME, claims=_claims, open=open_files, names_species=True)
