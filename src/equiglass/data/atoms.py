"""Configurations as :class:`ase.Atoms` and back: what simulation codes and viewers exchange."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ..errors import InputError
from ..geometry.periodic import FloatArray, wrap
from .accuracy import Accuracy
from .configuration import Configuration
from .fields import FIELDS, REQUIRED_FIELDS
from .potential import Potential
from .relaxation import RelaxationTime
from .species import TYPE_ARRAYS, labels_of, species_order, types_of, whole_numbers

if TYPE_CHECKING:
    from ase import Atoms

# Chemical symbols that files written by equiglass use, since ASE and OVITO know elements only.
SYMBOLS = ("Ni", "P", "Cu", "Zr", "Fe", "B", "Al", "C")
# The boxes of LAMMPS in two dimensions are periodic along z and thin, most often of height 1.
THIN = 2.0
# How many boxes away a position may be: beyond that, folding would lose the digits that count.
FARTHEST = 1e6
POTENTIAL, RELAXATION_TIME = "equiglass_potential", "equiglass_relaxation_time"
ACCURACY = "equiglass_accuracy"
# What others call half of a diameter: LAMMPS and OVITO one, ASE's users the other.
RADII = ("radius", "radii")


def _columns(*shape: str | int) -> tuple[str, ...]:
    """Optional fields of a shape, which are columns of a file of atoms."""
    return tuple(n for n, f in FIELDS.items() if f.shape == shape and n not in REQUIRED_FIELDS)


def _plain_columns() -> tuple[str, ...]:
    return _columns("N") + _columns("N", 3)


def in_a_plane(z: FloatArray) -> bool:
    """Whether all particles have the same ``z`` (N,), up to the rounding of a text file."""
    return len(z) == 0 or bool(np.ptp(z) <= 1e-6)


def is_layer(z: FloatArray, thickness: float, periodic: bool, source: str) -> bool:
    """Whether particles at ``z`` (N,) are a two-dimensional system.

    They are if they all lie in one plane and the box is open along z, or periodic and thin, as
    LAMMPS writes two dimensions.

    Raises
    ------
    InputError
        If the box is open along z and the particles are not in one plane: a film.
    """
    if periodic:
        return len(z) > 1 and thickness <= THIN and in_a_plane(z)
    if not in_a_plane(z):
        raise InputError(
            "three-dimensional particles in a box open along z are not supported", source=source,
            field="positions", expected="a box periodic along z, or particles in one plane",
            found=f"z from {z.min():.6g} to {z.max():.6g}",
        )  # fmt: skip
    return True


def build(
    types: NDArray[np.int64],
    lengths: FloatArray,
    positions: FloatArray,
    source: str,
    *,
    flat: bool,
    **more: Any,
) -> Configuration:
    """A configuration in the box ``lengths`` (3,); a ``flat`` one is moved to the plane z = 0.

    Raises
    ------
    InputError
        If there is no box, or a position is not finite or too far away to be folded exactly.
    """
    if flat:
        lengths = np.array([lengths[0], lengths[1], 1.0])
        positions = _in_plane(positions)
    periodic = (True, True, not flat)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise InputError(
            "the file gives no periodic box", source=source, field="cell", found=lengths.tolist()
        )
    _require_exact(positions, lengths, source, "positions")
    return Configuration(
        types=types,
        box=lengths,
        positions=wrap(positions, lengths, periodic),
        periodic=periodic,
        source=source,
        **more,
    )


def _in_plane(positions: FloatArray) -> FloatArray:
    return np.column_stack([positions[:, :2], np.zeros(len(positions))])


def _require_exact(positions: FloatArray, lengths: FloatArray, source: str, field: str) -> None:
    """Raise unless every position is finite and can be folded without losing its digits."""
    if not np.isfinite(positions).all():
        bad = int(np.argwhere(~np.isfinite(positions))[0][0])
        raise InputError("not a finite number", source=source, field=field, found=f"entry {bad}")
    if (np.abs(positions) > FARTHEST * lengths).any():
        bad = int(np.argwhere(np.abs(positions) > FARTHEST * lengths)[0][0])
        raise InputError(
            "too far outside the box to be folded into it", source=source, field=field,
            found=f"{positions[bad].tolist()} at entry {bad}",
        )  # fmt: skip


def from_ase(
    atoms: Atoms, *, species: Sequence[str] | None = None, source: str = "atoms"
) -> Configuration:
    """A configuration from :class:`ase.Atoms` in Lennard-Jones units.

    Parameters
    ----------
    species
        Species in the order A, B, ...; not needed for letters from A, or numbers from 0 or 1.

    Raises
    ------
    InputError
        If the box is not orthorhombic and periodic, the particles fill a film, or a species has
        no place in ``species``.
    """
    cell = np.asarray(atoms.cell)
    if not np.allclose(cell, np.diag(np.diag(cell)), atol=1e-9):
        raise InputError(
            "a triclinic box; only orthorhombic boxes along x, y, z are supported",
            source=source, field="cell", found=cell.tolist(),
        )  # fmt: skip
    lengths = np.diag(cell).astype(np.float64)
    if not all(atoms.pbc[:2]):
        raise InputError(
            "must be periodic along x and y", source=source, field="pbc", found=atoms.pbc.tolist()
        )
    offset = np.asarray(atoms.get_celldisp()).reshape(3)  # type: ignore[no-untyped-call]
    positions = atoms.positions - offset
    flat = is_layer(positions[:, 2], float(lengths[2]), bool(atoms.pbc[2]), source)
    if TYPE_ARRAYS[0] in atoms.arrays and species is None:
        types = whole_numbers(atoms.arrays[TYPE_ARRAYS[0]], source, TYPE_ARRAYS[0])
    else:
        labels = labels_of(atoms, species, source)
        types = types_of(labels, species_order(labels, species, source), source)
    more: dict[str, Any] = {}
    for name in _plain_columns():
        if name in atoms.arrays:
            values = atoms.arrays[name]
            if FIELDS[name].is_position:
                values = _folded(values - offset, lengths, flat, source, name)
            more[name] = values
    more.update(_diameters(atoms))
    more.update(_targets(atoms, source))
    more.update(_metadata(atoms, source))
    return build(types, lengths, positions, source, flat=flat, **more)


def _folded(
    values: FloatArray, lengths: FloatArray, flat: bool, source: str, name: str
) -> FloatArray:
    if flat:
        if values.ndim == 2 and not in_a_plane(values[:, 2]):
            raise InputError("not in the plane of the positions", source=source, field=name)
        values, lengths = _in_plane(values), np.array([lengths[0], lengths[1], 1.0])
    _require_exact(values, lengths, source, name)
    return wrap(values, lengths, (True, True, not flat))


def _diameters(atoms: Atoms) -> dict[str, Any]:
    """Diameters, also where radii are stated; points, whose diameter is zero, have none."""
    values = atoms.arrays.get("diameter")
    radii = next((atoms.arrays[name] for name in RADII if name in atoms.arrays), None)
    if values is None and radii is not None:
        values = 2 * np.asarray(radii, dtype=np.float64)
    return {"diameter": values if values is not None and np.any(values) else None}


def _targets(atoms: Atoms, source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _columns("T", "N"):
        rows = {key for key in atoms.arrays if re.fullmatch(rf"{name}_\d+", key)}
        if not rows:
            continue
        times = _numbers(atoms, "times", source)
        wanted = [f"{name}_{k}" for k in range(len(times))]
        if rows != set(wanted):
            raise InputError(
                "needs one column for each of the times", source=source, field=name,
                expected=f"{len(times)} columns", found=", ".join(sorted(rows)[:12]),
            )  # fmt: skip
        found |= {"times": times, name: np.stack([atoms.arrays[key] for key in wanted])}
    return found


def _numbers(atoms: Atoms, name: str, source: str) -> NDArray[np.float64]:
    """One or several numbers of ``info``, as a vector."""
    value = atoms.info.get(name, [])
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
    except (TypeError, ValueError) as error:
        raise InputError(
            "a number was expected", source=source, field=name, found=repr(value)[:60]
        ) from error


def _metadata(atoms: Atoms, source: str) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "temperature" in atoms.info:
        value = _numbers(atoms, "temperature", source)
        if len(value) != 1:
            raise InputError(
                "a number was expected", source=source, field="temperature", found=value.tolist()
            )
        more["temperature"] = float(value[0])
    key = POTENTIAL
    try:
        if POTENTIAL in atoms.info:
            more["potential"] = Potential.model_validate(_decoded(atoms.info[POTENTIAL]))
        key = ACCURACY
        if ACCURACY in atoms.info:
            more["accuracy"] = Accuracy.model_validate(_decoded(atoms.info[ACCURACY]))
        key = RELAXATION_TIME
        if RELAXATION_TIME in atoms.info:
            time = _decoded(atoms.info[RELAXATION_TIME])
            more["relaxation_time"] = RelaxationTime(float(time["value"]), str(time["definition"]))
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InputError("is not as equiglass writes it", source=source, field=key) from error
    return more


def _decoded(value: Any) -> Any:
    # ASE may have parsed the text already.
    return json.loads(value) if isinstance(value, str) else value


def to_ase(configuration: Configuration) -> Atoms:
    """:class:`ase.Atoms` with types as elements (A = Ni, B = P, ...) and as ``equiglass_type``.

    Every value per particle is an array; of values at several times each has its own,
    ``propensity_0``, ..., with the times in ``info``. Potential, accuracy of
    the quench and relaxation time are in ``info`` as JSON, so that an extxyz file keeps them.
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
    if c.accuracy is not None:
        atoms.info[ACCURACY] = c.accuracy.model_dump_json(exclude_none=True)
    if c.relaxation_time is not None:
        atoms.info[RELAXATION_TIME] = json.dumps(asdict(c.relaxation_time))
    return atoms
