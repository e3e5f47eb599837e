"""What simulation codes write: extxyz, LAMMPS dump and data through ASE, GSD through gsd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...geometry.periodic import FloatArray, wrap
from ..configuration import TYPE_NAMES, Configuration
from ..fields import FIELDS

if TYPE_CHECKING:
    from ase import Atoms

# Chemical symbols that files written by equiglass use, since ASE and OVITO know elements only.
SYMBOLS = ("Ni", "P", "Cu", "Zr", "Fe", "B", "Al", "C")
TYPE_ARRAYS = ("equiglass_type", "types", "type")
OPTIONAL_FIELDS = tuple(
    name
    for name, field in FIELDS.items()
    if field.shape[0] == "N" and name not in ("types", "positions")
)


def species_order(labels: Sequence[str], species: Sequence[str] | None, source: str) -> list[str]:
    """Which label is A, which B, and so on.

    ``species`` if it is given; else letters A, B, ... stand for themselves, numbers keep their
    order, and other names are ordered by abundance, the majority first.

    Raises
    ------
    InputError
        If a label is not among ``species``.
    """
    counts = Counter(labels)
    if species is not None:
        unknown = set(counts) - set(species)
        if unknown:
            raise InputError(
                "a species has no place in the mapping",
                source=source,
                field="species",
                expected=", ".join(species),
                found=sorted(unknown),
            )
        return list(species)
    if all(label in TYPE_NAMES for label in counts):
        return list(TYPE_NAMES[: max(TYPE_NAMES.index(label) for label in counts) + 1])
    if all(label.isdigit() for label in counts):
        return sorted(counts, key=int)
    return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _types(labels: Sequence[str], species: Sequence[str] | None, source: str) -> np.ndarray:
    order = species_order(labels, species, source)
    index = {label: k for k, label in enumerate(order)}
    return np.array([index[label] for label in labels], dtype=np.int64)


def _orthorhombic(cell: FloatArray, source: str) -> FloatArray:
    if not np.allclose(cell, np.diag(np.diag(cell)), atol=1e-9):
        raise InputError(
            "only orthorhombic boxes are supported",
            source=source,
            field="cell",
            found=cell.tolist(),
        )
    return np.diag(cell).astype(np.float64)


def _build(
    types: np.ndarray,
    lengths: FloatArray,
    positions: FloatArray,
    flat: bool,
    source: str,
    more: Mapping[str, Any],
) -> Configuration:
    if flat:
        lengths = np.array([lengths[0], lengths[1], 1.0])
        positions = np.column_stack([positions[:, :2], np.zeros(len(positions))])
    periodic = (True, True, not flat)
    if (lengths <= 0).any():
        raise InputError("the file gives no periodic box", source=source, field="cell")
    if not np.isfinite(positions).all():
        raise InputError("not a finite number", source=source, field="positions")
    return Configuration(
        types=types,
        box=lengths,
        positions=wrap(positions, lengths, periodic),
        periodic=periodic,
        source=source,
        **more,
    )


def from_ase(
    atoms: Atoms, *, species: Sequence[str] | None = None, source: str = "atoms"
) -> Configuration:
    """A configuration from :class:`ase.Atoms` in Lennard-Jones units."""
    lengths = _orthorhombic(np.asarray(atoms.cell), source)
    if not all(atoms.pbc[:2]):
        raise InputError(
            "must be periodic along x and y", source=source, field="pbc", found=atoms.pbc.tolist()
        )
    flat = not atoms.pbc[2]
    labels = [str(s) for s in atoms.symbols]
    known = next((name for name in TYPE_ARRAYS if name in atoms.arrays), None)
    if known == TYPE_ARRAYS[0] and species is None:
        types = atoms.arrays[known].astype(np.int64)
    else:
        if known is not None and (species is None or set(species) & set(_strings(atoms, known))):
            labels = _strings(atoms, known)
        types = _types(labels, species, source)
    offset = np.asarray(atoms.get_celldisp()).reshape(3)  # type: ignore[no-untyped-call]
    more: dict[str, Any] = {}
    for name in OPTIONAL_FIELDS:
        if name in atoms.arrays:
            values = atoms.arrays[name]
            if FIELDS[name].shape == ("N", 3):
                values = wrap(values, lengths, (True, True, not flat))
            more[name] = values
    if "temperature" in atoms.info:
        more["temperature"] = float(atoms.info["temperature"])
    times = np.atleast_1d(atoms.info.get("times", []))
    if len(times) and all(f"propensity_{k}" in atoms.arrays for k in range(len(times))):
        more["times"] = times.astype(np.float64)
        more["propensity"] = np.stack([atoms.arrays[f"propensity_{k}"] for k in range(len(times))])
    return _build(types, lengths, atoms.positions - offset, flat, source, more)


def _strings(atoms: Atoms, name: str) -> list[str]:
    return [str(value) for value in atoms.arrays[name]]


def to_ase(configuration: Configuration) -> Atoms:
    """:class:`ase.Atoms` with types as elements (A = Ni, B = P, ...) and as ``equiglass_type``."""
    from ase import Atoms

    atoms = Atoms(
        symbols=[SYMBOLS[t] for t in configuration.types],
        positions=configuration.positions,
        cell=np.diag(configuration.box),
        pbc=configuration.periodic,
    )
    atoms.arrays["equiglass_type"] = configuration.types.astype(np.int64)
    for name in OPTIONAL_FIELDS:
        values = getattr(configuration, name)
        if values is not None:
            atoms.arrays[name] = np.asarray(values)
    if configuration.temperature is not None:
        atoms.info["temperature"] = configuration.temperature
    return atoms


def read_ase(path: Path, species: Sequence[str] | None = None) -> list[Configuration]:
    """Every frame of a file that ASE reads: extxyz, LAMMPS dump or data, and many more."""
    import ase.io

    lammps_data = path.suffix in (".data", ".lmp") or path.name.startswith("data.")
    options: dict[str, Any] = (
        {"format": "lammps-data", "atom_style": "atomic"} if lammps_data else {}
    )
    try:
        frames = ase.io.read(path, index=slice(None), **options)
    except Exception as error:  # readers of foreign formats raise anything
        raise InputError(
            f"not a format that equiglass or ASE can read: {type(error).__name__}: {error}",
            source=path,
        ) from error
    if not isinstance(frames, list) or not frames:
        raise InputError("holds no configuration", source=path)
    names = [str(path)] if len(frames) == 1 else [f"{path}[{k}]" for k in range(len(frames))]
    return [
        from_ase(atoms, species=species, source=name)
        for atoms, name in zip(frames, names, strict=True)
    ]


def read_gsd(path: Path, species: Sequence[str] | None = None) -> list[Configuration]:
    """Every frame of a GSD file."""
    import gsd.hoomd

    configurations = []
    try:
        with gsd.hoomd.open(str(path), "r") as trajectory:
            for k, frame in enumerate(trajectory):
                source = str(path) if len(trajectory) == 1 else f"{path}[{k}]"
                box = np.asarray(frame.configuration.box, dtype=np.float64)
                if box[3:].any():
                    raise InputError(
                        "only orthorhombic boxes are supported",
                        source=source,
                        field="box",
                        found=box.tolist(),
                    )
                names = list(frame.particles.types)
                labels = [str(names[t]) for t in frame.particles.typeid]
                positions = np.asarray(frame.particles.position, dtype=np.float64) + box[:3] / 2
                flat = frame.configuration.dimensions == 2
                types = _types(labels, species, source)
                configurations.append(_build(types, box[:3], positions, flat, source, {}))
    except InputError:
        raise
    except Exception as error:  # damaged files raise anything
        raise InputError(f"not a readable GSD file: {error}", source=path) from error
    if not configurations:
        raise InputError("holds no configuration", source=path)
    return configurations
