"""What a file format is to the reader of data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from ...opening import open_regular
from ..configuration import Configuration
from ..entry import Entry
from .npz import member_names

Species = Sequence[str] | None


@dataclass(frozen=True)
class File:
    """A file, or a folder that is one thing, and what can be said before it is read."""

    path: Path

    @cached_property
    def head(self) -> bytes:
        """The first bytes; none of a folder."""
        if not self.path.is_file():
            return b""
        with open_regular(self.path) as file:
            return file.read(4096)

    @property
    def is_npz(self) -> bool:
        """Whether it is, or should be, a NumPy archive."""
        return self.head.startswith(b"PK\x03\x04") or self.path.suffix == ".npz"

    @cached_property
    def keys(self) -> set[str]:
        """Names of the arrays in a NumPy archive."""
        return member_names(self.path)


@dataclass(frozen=True)
class Format:
    """How files of one kind are recognised and opened.

    Attributes
    ----------
    claims
        Whether a file is of this kind by its first bytes or its ending. Such a file is read or is
        an error, never passed over.
    open
        The configurations in some files of one folder, without loading more than it must.
    matches
        Whether a claimed file is of this format and not of another of the same kind.
    expects
        What ``matches`` looks for, in words.
    names_species
        Whether files name species in their own way, so that an order of them can be needed; if not,
        they say which is A.
    """

    name: str
    claims: Callable[[File], bool]
    open: Callable[[Sequence[Path], Species], list[Entry]]
    matches: Callable[[File], bool] = lambda file: True
    expects: str = ""
    names_species: bool = False


def one_each(
    name: str,
    load: Callable[[Path], Configuration],
    files: Sequence[Path],
    temperature: Callable[[Path], float | None] = lambda path: None,
) -> list[Entry]:
    """One configuration for each file, loaded when it is asked for."""
    return [
        Entry(str(file), name, partial(load, file), temperature=temperature(file)) for file in files
    ]
