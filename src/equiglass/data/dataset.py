"""A data set: configurations that are loaded when they are asked for, and their splits."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from .configuration import Configuration
from .readers import atomistic, botan, deepmind, glassbench, npz
from .store import configuration_names, is_store, read_attribute, read_configuration

SPLITS = ("train", "validation", "test")
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
GSD_MAGIC = b"\xdf\xa1\x56\xde\xa1\x65\xdf\x65"


@dataclass(frozen=True)
class Entry:
    """A configuration that can be loaded, its name, and the split it belongs to."""

    name: str
    format: str
    load: Callable[[], Configuration]
    split: str | None = None
    temperature: Callable[[], float | None] | None = None  # without loading the rest


@dataclass(frozen=True)
class Dataset(Sequence[Configuration]):
    """Configurations of one data set, in a fixed order.

    Indexing loads from disk; nothing is kept in memory. ``splits`` are those that the data set
    brings: sub-folders ``train/`` and ``test/``, or those recorded in a store.
    """

    source: str
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Configuration:  # type: ignore[override]
        return self.entries[index].load()

    def __iter__(self) -> Iterator[Configuration]:
        return (entry.load() for entry in self.entries)

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

    def at_temperature(self, temperature: float) -> Dataset:
        """The configurations of one temperature.

        Raises
        ------
        InputError
            If there are none.
        """
        found: dict[float | None, None] = {}
        chosen = []
        for entry in self.entries:
            own = entry.temperature() if entry.temperature else entry.load().temperature
            found[own] = None
            if own is not None and abs(own - temperature) < 1e-6:
                chosen.append(entry)
        if not chosen:
            raise InputError(
                "the data set has no such temperature",
                source=self.source,
                expected=sorted(t for t in found if t is not None) or "data that state it",
                found=temperature,
            )
        return replace(self, source=f"{self.source}@{temperature:g}", entries=tuple(chosen))

    def take(self, indices: Sequence[int]) -> Dataset:
        """The configurations at these positions."""
        return replace(self, entries=tuple(self.entries[i] for i in indices))

    def fingerprint(self) -> str:
        """Hash over the arrays of every configuration that a model can learn from."""
        digest = hashlib.sha256()
        for c in self:
            for array in (c.types, c.box, c.positions, c.times, c.propensity):
                if array is not None:
                    digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def from_configurations(configurations: Sequence[Configuration], source: str = "memory") -> Dataset:
    """A data set of configurations that are in memory already."""
    entries = tuple(
        Entry(c.source, "memory", lambda c=c: c)  # type: ignore[misc]
        for c in configurations
    )
    return Dataset(source, entries)


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
        Species of a foreign format in the order A, B, ...; by default the majority is A.

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
        return replace(_read_store(packaged), source=str(path))
    if location.is_file():
        return Dataset(str(location), tuple(_file_entries([location], None, species)))
    if is_store(location):
        return _read_store(location)
    files = sorted(
        (p for p in location.rglob("*") if p.is_file() and not _is_hidden(p, location)),
        key=_natural,
    )
    entries: list[Entry] = []
    by_split: dict[str | None, list[Path]] = {}
    for file in files:
        by_split.setdefault(_split_of(file, location), []).append(file)
    for split, members in by_split.items():
        entries += _file_entries(members, split, species, folder=True)
    if not entries:
        raise InputError(
            "no readable configuration in this folder", source=location, found=f"{len(files)} files"
        )
    return Dataset(str(location), tuple(entries))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _natural(path: Path) -> tuple[str, float, str, str]:
    match = npz.parse_name(path)
    if match is None:
        return str(path.parent), -1, path.name, ""
    return str(path.parent), int(match["index"]), match["temperature"], match["time"] or ""


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _split_of(path: Path, root: Path) -> str | None:
    # The given folder itself may be the one that is called train or test.
    for part in path.relative_to(root).parts[:-1]:
        if part.lower() in SPLIT_FOLDERS:
            return SPLIT_FOLDERS[part.lower()]
    return None


def _read_store(path: Path) -> Dataset:
    entries = tuple(
        Entry(
            f"{path}/{name}",
            "equiglass store",
            lambda name=name: read_configuration(path, name),  # type: ignore[misc]
            read_attribute(path, name, "split"),
            lambda name=name: read_attribute(path, name, "temperature"),  # type: ignore[misc]
        )
        for name in configuration_names(path)
    )
    if not entries:
        raise InputError("the store holds no configuration", source=path)
    return Dataset(str(path), entries)


def sniff(path: Path) -> str | None:
    """Format of a file by its content: npz, pickle, gsd, ase, or None for a text to pass over."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PK\x03\x04") or path.suffix == ".npz":
        return "npz"
    if head[:1] == b"\x80" or path.suffix in (".pickle", ".pkl"):
        return "pickle"
    if head.startswith(GSD_MAGIC) or path.suffix == ".gsd":
        return "gsd"
    if path.suffix.lower() in (".md", ".txt", ".yaml", ".json", ".csv") or path.name == "LICENSE":
        return None
    return "ase"


def _file_entries(
    files: Sequence[Path],
    split: str | None,
    species: Sequence[str] | None,
    folder: bool = False,
) -> list[Entry]:
    entries: list[Entry] = []
    botan_groups: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        kind = sniff(file)
        if kind == "npz":
            keys = npz.member_names(file)
            if botan.matches(keys):
                botan_groups.setdefault((file.parent, botan.group_key(file)), []).append(file)
            elif glassbench.matches(keys):
                entries.append(
                    Entry(str(file), "GlassBench", lambda f=file: glassbench.read(f), split)  # type: ignore[misc]
                )
            else:
                raise InputError(
                    "missing key: neither a BOTAN nor a GlassBench file",
                    source=file,
                    expected=f"{sorted(botan.KEYS)} or types, initial_positions and md_prop",
                    found=sorted(keys),
                )
        elif kind == "pickle":
            entries.append(
                Entry(str(file), "DeepMind", lambda f=file: deepmind.read(f), split)  # type: ignore[misc]
            )
        elif kind in ("gsd", "ase"):
            reader = atomistic.read_gsd if kind == "gsd" else atomistic.read_ase
            try:
                frames = reader(file, species)
            except InputError:
                if folder and kind == "ase":
                    continue
                raise
            label = "GSD" if kind == "gsd" else "ASE"
            entries += [Entry(c.source, label, lambda c=c: c, split) for c in frames]  # type: ignore[misc]
    entries += [
        Entry(str(group[0]), "BOTAN", lambda g=group: botan.read(g), split)  # type: ignore[misc]
        for group in botan_groups.values()
    ]
    return entries
