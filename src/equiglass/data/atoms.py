"""Configurations as :class:`ase.Atoms` and back: what simulation codes and viewers exchange."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ..errors import InputError
from ..geometry.periodic import FloatArray, wrap
from .configuration import TYPE_NAMES, Configuration
from .fields import FIELDS, REQUIRED_FIELDS
from .potential import Potential
from .relaxation import RelaxationTime

if TYPE_CHECKING:
    from ase import Atoms

# Chemical symbols that files written by equiglass use, since ASE and OVITO know elements only.
SYMBOLS = ("Ni", "P", "Cu", "Zr", "Fe", "B", "Al", "C")
TYPE_ARRAYS = ("equiglass_type", "types", "type")
POTENTIAL, RELAXATION_TIME = "equiglass_potential", "equiglass_relaxation_time"


def _columns(*shape: str | int) -> tuple[str, ...]:
    """Optional fields of a shape, which are columns of a file of atoms."""
    return tuple(n for n, f in FIELDS.items() if f.shape == shape and n not in REQUIRED_FIELDS)


def _plain_columns() -> tuple[str, ...]:
    return _columns("N") + _columns("N", 3)


def species_order(labels: Sequence[str], species: Sequence[str] | None = None) -> list[str]:
    """Which label is A, which B, and so on.

    ``species`` if it is given; else letters A, B, ... stand for themselves, numbers keep their
    order, and other names are ordered by abundance, the majority first.
    """
    counts = Counter(labels)
    if species is not None:
        return list(species)
    if all(label in TYPE_NAMES for label in counts):
        return list(TYPE_NAMES)
    if all(label.isdigit() for label in counts):
        return sorted(counts, key=int)
    return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def types_of(labels: Sequence[str], order: Sequence[str], source: str) -> NDArray[np.int64]:
    """(N,) types of these labels; label k of ``order`` is type k.

    Raises
    ------
    InputError
        If a label has no place in the order.
    """
    index = {label: k for k, label in enumerate(order)}
    unknown = set(labels) - set(index)
    if unknown:
        raise InputError(
            "a species has no place in the mapping",
            source=source,
            field="species",
            expected=", ".join(order),
            found=sorted(unknown),
        )
    return np.array([index[label] for label in labels], dtype=np.int64)


def labels_of(atoms: Atoms, species: Sequence[str] | None = None) -> list[str]:
    """The name of each particle's species: from an array of types, else its symbol."""
    known = next((name for name in TYPE_ARRAYS if name in atoms.arrays), None)
    if known is not None:
        labels = [str(value) for value in atoms.arrays[known]]
        if species is None or set(species) & set(labels):
            return labels
    return [str(symbol) for symbol in atoms.symbols]


def build(
    types: NDArray[np.int64],
    lengths: FloatArray,
    positions: FloatArray,
    source: str,
    *,
    flat: bool,
    **more: Any,
) -> Configuration:
    """A configuration in the box ``lengths`` (3,); a ``flat`` one lies in the plane z = 0.

    Raises
    ------
    InputError
        If there is no box, or a position is not finite.
    """
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
    """A configuration from :class:`ase.Atoms` in Lennard-Jones units.

    Parameters
    ----------
    species
        Species in the order A, B, ...; by default numbers keep their order and the majority is A.

    Raises
    ------
    InputError
        If the box is not orthorhombic and periodic, or a species has no place in ``species``.
    """
    cell = np.asarray(atoms.cell)
    if not np.allclose(cell, np.diag(np.diag(cell)), atol=1e-9):
        raise InputError(
            "only orthorhombic boxes are supported", source=source, field="cell",
            found=cell.tolist(),
        )  # fmt: skip
    lengths = np.diag(cell).astype(np.float64)
    if not all(atoms.pbc[:2]):
        raise InputError(
            "must be periodic along x and y", source=source, field="pbc", found=atoms.pbc.tolist()
        )
    flat = not atoms.pbc[2]
    if TYPE_ARRAYS[0] in atoms.arrays and species is None:
        types = atoms.arrays[TYPE_ARRAYS[0]].astype(np.int64)
    else:
        labels = labels_of(atoms, species)
        types = types_of(labels, species_order(labels, species), source)
    more: dict[str, Any] = {}
    for name in _plain_columns():
        if name in atoms.arrays:
            values = atoms.arrays[name]
            if FIELDS[name].is_position:
                values = wrap(values, lengths, (True, True, not flat))
            more[name] = values
    more.update(_targets(atoms))
    more.update(_metadata(atoms, source))
    offset = np.asarray(atoms.get_celldisp()).reshape(3)  # type: ignore[no-untyped-call]
    return build(types, lengths, atoms.positions - offset, source, flat=flat, **more)


def _targets(atoms: Atoms) -> dict[str, Any]:
    times = np.atleast_1d(atoms.info.get("times", [])).astype(np.float64)
    rows = range(len(times))
    found = {
        name: np.stack([atoms.arrays[f"{name}_{k}"] for k in rows])
        for name in _columns("T", "N")
        if len(times) and all(f"{name}_{k}" in atoms.arrays for k in rows)
    }
    return {"times": times, **found} if found else {}


def _metadata(atoms: Atoms, source: str) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "temperature" in atoms.info:
        more["temperature"] = float(atoms.info["temperature"])
    try:
        if POTENTIAL in atoms.info:
            more["potential"] = Potential.model_validate(_decoded(atoms.info[POTENTIAL]))
        if RELAXATION_TIME in atoms.info:
            time = _decoded(atoms.info[RELAXATION_TIME])
            more["relaxation_time"] = RelaxationTime(float(time["value"]), str(time["definition"]))
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InputError(
            "is not as equiglass writes it", source=source,
            field=RELAXATION_TIME if "potential" in more else POTENTIAL,
        ) from error  # fmt: skip
    return more


def _decoded(value: Any) -> Any:
    # ASE may have parsed the text already.
    return json.loads(value) if isinstance(value, str) else value


def to_ase(configuration: Configuration) -> Atoms:
    """:class:`ase.Atoms` with types as elements (A = Ni, B = P, ...) and as ``equiglass_type``.

    Every value per particle is an array; of values at several times each has its own,
    ``propensity_0``, ..., with the times in ``info``. Potential and relaxation time are in
    ``info`` as JSON, so that an extxyz file keeps them.
    """
    from ase import Atoms

    c = configuration
    atoms = Atoms(
        symbols=[SYMBOLS[t] for t in c.types],
        positions=c.positions,
        cell=np.diag(c.box),
        pbc=c.periodic,
    )
    known = c.known
    atoms.arrays[TYPE_ARRAYS[0]] = c.types.astype(np.int64)
    for name in _plain_columns():
        if name in known:
            atoms.arrays[name] = np.asarray(known[name])
    for name in _columns("T", "N"):
        if name in known:
            for k, row in enumerate(known[name]):
                atoms.arrays[f"{name}_{k}"] = np.asarray(row)
            atoms.info["times"] = np.asarray(c.times)
    if c.temperature is not None:
        atoms.info["temperature"] = c.temperature
    if c.potential is not None:
        atoms.info[POTENTIAL] = c.potential.model_dump_json()
    if c.relaxation_time is not None:
        atoms.info[RELAXATION_TIME] = json.dumps(asdict(c.relaxation_time))
    return atoms
