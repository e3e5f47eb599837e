"""The configurations in a folder: which files hold some, and to which split they belong."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import AssumptionWarning, InputError
from ..files import PARTIAL
from .entry import Entry
from .readers import ase_files, npz
from .readers.format import Format, Species
from .readers.formats import recognise

SPLITS = ("train", "validation", "test")
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def read_file(path: Path, species: Species) -> list[Entry]:
    """The configurations in a file or store that was asked for by name.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    format = recognise(path) or ase_files.FORMAT  # ASE may know more formats than it claims
    _note_unused(species, path, [format])
    return format.open([path], species)


def _note_unused(species: Species, path: Path, formats: Collection[Format]) -> None:
    """Say where an order of species was given to files that state the types."""
    if species is not None and formats and not any(f.names_species for f in formats):
        names = " and ".join(sorted({f.name for f in formats}))
        warnings.warn(
            f"{path}: {names} files say which species is A; --species is not used",
            AssumptionWarning,
            stacklevel=4,
        )


def read_folder(root: Path, species: Species) -> list[Entry]:
    """The configurations in a folder and its sub-folders.

    What no format claims (a README, a licence) is passed over, and with a warning what a simulation
    keeps of unfinished configurations: the store beside it may be incomplete.

    Raises
    ------
    InputError
        If a file that a format claims cannot be read, or nothing is there.
    """
    found = sorted(_files(root), key=_natural)
    partial = [path for path in found if path.suffix == PARTIAL and path.is_dir()]
    for folder in partial:
        warnings.warn(
            f"{folder}: partial results of a simulation, whose store may lack configurations",
            AssumptionWarning,
            stacklevel=3,
        )
    files = [path for path in found if path not in partial]
    groups: dict[tuple[str | None, Format], list[Path]] = {}
    for file in files:
        format = recognise(file)
        if format is not None:
            groups.setdefault((_split_of(file, root), format), []).append(file)
    _note_unused(species, root, {format for _, format in groups})
    entries: list[Entry] = []
    for (split, format), members in groups.items():
        # The folder's name says more than what a store recorded for another purpose.
        entries += [
            replace(entry, split=split or entry.split) for entry in format.open(members, species)
        ]
    if not entries:
        raise InputError(
            "no readable configuration in this folder", source=root, found=f"{len(files)} files"
        )
    return entries


def _files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Files, and stores and partial results as a whole; nothing hidden, nothing again by a link."""
    above = (*above, folder.resolve())
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir() and path.suffix not in (".zarr", PARTIAL):
            if path.resolve() not in above:
                yield from _files(path, above)
        elif path.is_file() or path.is_dir():
            yield path


def _natural(path: Path) -> tuple[str, float, str, str]:
    match = npz.parse_name(path)
    if match is None:
        return str(path.parent), -1, path.name, ""
    return str(path.parent), int(match["index"]), match["temperature"], match["time"] or ""


def _split_of(path: Path, root: Path) -> str | None:
    # The given folder itself may be the one that is called train or test.
    for part in path.relative_to(root).parts[:-1]:
        if part.lower() in SPLIT_FOLDERS:
            return SPLIT_FOLDERS[part.lower()]
    return None
