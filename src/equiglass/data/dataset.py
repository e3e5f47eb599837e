"""A data set: configurations that are loaded when they are asked for, and their splits."""

from __future__ import annotations

import hashlib
import operator
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..opening import regular_size
from .archive import is_store
from .configuration import Configuration
from .entry import Entry as Entry
from .fingerprint import add_to
from .folder import SPLITS, read_file, read_folder

if TYPE_CHECKING:
    from ase import Atoms

    Data: TypeAlias = (
        str | os.PathLike[str] | Configuration | Atoms | Sequence[Configuration | Atoms]
    )
    Indices: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]
else:
    Data = Indices = object


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Sequence[Configuration]):
    """Configurations of one data set, in a fixed order.

    ``dataset[0]`` loads from disk, and keeps nothing (but what :mod:`.readers.ase_files` says of
    rare formats); ``dataset[2:5]`` and ``dataset[[1, 4]]`` are data sets. ``splits`` are those
    that the data set brings: sub-folders ``train/`` and ``test/``, or those recorded in a store.
    """

    source: str
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Configuration: ...
    @overload
    def __getitem__(self, index: slice | Indices) -> Dataset: ...
    def __getitem__(
        self, index: int | np.integer[Any] | slice | Indices
    ) -> Configuration | Dataset:
        if isinstance(index, (int, np.integer)):
            return self.entries[operator.index(index)].load()
        if isinstance(index, slice):
            return replace(self, entries=self.entries[index])
        return self.take(index)

    def __iter__(self) -> Iterator[Configuration]:
        return (entry.load() for entry in self.entries)

    def __repr__(self) -> str:
        from .display import describe_dataset

        return describe_dataset(self)

    def _repr_html_(self) -> str:
        from .display import dataset_html

        return dataset_html(self)

    @property
    def splits(self) -> dict[str, Dataset]:
        """The data set's own splits, empty if it has none."""
        names = [s for s in SPLITS if any(e.split == s for e in self.entries)]
        return {name: self._only(name) for name in names}

    def _only(self, split: str) -> Dataset:
        chosen = tuple(e for e in self.entries if e.split == split)
        return replace(self, source=f"{self.source}[{split}]", entries=chosen)

    def split(self, name: str) -> Dataset:
        """One of the data set's own splits.

        Raises
        ------
        InputError
            If the data set does not have it.
        """
        if name == "all":
            return self
        if name not in self.splits:
            raise InputError(
                "the data set has no such split",
                source=self.source,
                expected=["all", *self.splits],
                found=name,
            )
        return self._only(name)

    @property
    def stated_temperatures(self) -> list[float]:
        """The temperatures that are known without loading anything, in order."""
        return sorted({e.temperature for e in self.entries if e.temperature is not None})

    def _temperature(self, entry: Entry) -> float | None:
        return entry.temperature if entry.temperature is not None else entry.load().temperature

    def temperatures(self) -> list[float]:
        """All temperatures, in order; what does not state its own is loaded."""
        return sorted({t for t in map(self._temperature, self.entries) if t is not None})

    def at_temperature(self, temperature: float) -> Dataset:
        """The configurations of one temperature.

        Raises
        ------
        InputError
            If there are none.
        """
        found: set[float] = set()
        chosen = []
        for entry in self.entries:
            own = self._temperature(entry)
            if own is None:
                continue
            found.add(own)
            if abs(own - temperature) < 1e-6:
                chosen.append(entry)
        if not chosen:
            raise InputError(
                "the data set has no such temperature",
                source=self.source,
                expected=sorted(found) or "data that state it",
                found=temperature,
            )
        return replace(self, source=f"{self.source}@{temperature:g}", entries=tuple(chosen))

    def take(self, indices: Iterable[SupportsIndex]) -> Dataset:
        """The configurations at these positions, or where a mask (len,) of truth values is true."""
        chosen = list(indices)
        if chosen and all(isinstance(i, (bool, np.bool_)) for i in chosen):
            if len(chosen) != len(self):
                raise InputError(
                    "a mask of another length", source=self.source, expected=len(self),
                    found=len(chosen),
                )  # fmt: skip
            chosen = [k for k, wanted in enumerate(chosen) if wanted]
        return replace(self, entries=tuple(self.entries[operator.index(i)] for i in chosen))

    def in_memory(self) -> Dataset:
        """The same data set with every configuration loaded, once."""
        loaded = (replace(e, load=partial(_given, e.load())) for e in self.entries)
        return replace(self, entries=tuple(loaded))

    def fingerprint(self) -> str:
        """Hash over types, box, positions, propensity and diameters of every configuration."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for c in self:
            add_to(digest, c)
        return digest.hexdigest()[:16]


def _given(configuration: Configuration) -> Configuration:
    return configuration


def from_configurations(configurations: Sequence[Configuration], source: str = "memory") -> Dataset:
    """A data set of configurations that are in memory already."""
    entries = tuple(
        Entry(c.source, "memory", partial(_given, c), temperature=c.temperature)
        for c in configurations
    )
    return Dataset(source, entries)


def as_dataset(data: Data, species: Sequence[str] | None = None) -> Dataset:
    """A data set from whatever stands for one.

    Parameters
    ----------
    data
        A data set, a path or the name of a packaged one, a configuration, :class:`ase.Atoms`, or a
        sequence of configurations and atoms.
    species
        Species of a foreign format in the order A, B, ...; not needed for letters from A and for
        numbers from 0 or 1. In a sequence of atoms the first decides for all.

    Raises
    ------
    InputError
        If it is nothing of that, or holds nothing.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, (str, os.PathLike)):
        return read(data, species=species)
    if isinstance(data, Configuration):
        return from_configurations([data], data.source)
    if _is_atoms(data):
        return from_configurations([_from_atoms(data, species, "atoms")])
    if not isinstance(data, Iterable):
        raise InputError(
            "not data", expected="a path, configurations or ase.Atoms", found=type(data).__name__
        )
    members = list(data)
    if not members:
        raise InputError("no configuration", source="memory")
    if species is None:
        first = next((m for m in members if _is_atoms(m)), None)
        species = None if first is None else _species(first)
    configurations = [
        m if isinstance(m, Configuration) else _from_atoms(m, species, f"atoms[{k}]")
        for k, m in enumerate(members)
    ]
    return from_configurations(configurations)


def _is_atoms(value: object) -> bool:
    # Who has Atoms has imported ASE; who has none need not wait for it.
    ase = sys.modules.get("ase")
    return ase is not None and isinstance(value, ase.Atoms)


def _species(atoms: Any) -> list[str] | None:
    from .species import TYPE_ARRAYS, labels_of, species_order

    return None if TYPE_ARRAYS[0] in atoms.arrays else species_order(labels_of(atoms))


def _from_atoms(value: Any, species: Sequence[str] | None, source: str) -> Configuration:
    from .atoms import from_ase

    if not _is_atoms(value):
        raise InputError(
            "not data", source=source, expected="a configuration or ase.Atoms",
            found=type(value).__name__,
        )  # fmt: skip
    return from_ase(value, species=species, source=source)


def read(path: str | os.PathLike[str], *, species: Sequence[str] | None = None) -> Dataset:
    """Open a data set: a file in any readable format, a folder of them, a store, or a name.

    The format is chosen by content. In a folder, files of one configuration at different times
    are joined, and sub-folders ``train/`` and ``test/`` become splits. ``DATA@0.5`` is the part of
    a data set at that temperature.

    Parameters
    ----------
    path
        File or folder, or the name of a packaged data set.
    species
        Species of a foreign format in the order A, B, ...; not needed for letters from A and for
        numbers from 0 or 1.

    Raises
    ------
    InputError
        If nothing readable is there. Damage inside a file shows when it is loaded.
    """
    from .packaged import packaged_dataset

    location = Path(path)
    if not location.exists():
        whole, at, temperature = str(path).rpartition("@")
        if at and _is_number(temperature):
            return read(whole, species=species).at_temperature(float(temperature))
        packaged = packaged_dataset(str(path))
        if packaged is None:
            raise InputError("no such file, folder or packaged data set", source=path)
        return Dataset(str(path), tuple(read_file(packaged, species)))
    if not location.is_dir():
        regular_size(location)
    if location.is_file() or is_store(location) or location.suffix == ".zarr":
        return Dataset(str(location), tuple(read_file(location, species)))
    return Dataset(str(location), tuple(read_folder(location, species)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
