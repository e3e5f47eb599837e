"""LAMMPS text dumps, read to the letter: what is ambiguous is refused.

ASE reads them too, but leniently: rows cut short, repeated ids and columns in excess pass, and
names that are no chemical symbols fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..atoms import THIN
from ..fields import FIELDS
from .series import UNWRAPPED, Stamp, whole_step
from .table import Table, atoms_of, triclinic

if TYPE_CHECKING:
    from ase import Atoms

# Columns that hold a position, and whether in units of the box.
COORDINATES = (("x", False), ("xu", False), ("xs", True), ("xsu", True))
CONTINUED = ("xu", "xsu")  # past the box
# Columns of a potential energy per particle: no name is fixed, these are the usual ones.
ENERGIES = ("c_pe", "c_energy", "c_peatom", "c_pea", "c_eng", "c_epot")
THERMAL = "thermal_energy"
# Vectors that equiglass writes as three columns, NAME_x, NAME_y and NAME_z.
VECTORS = tuple(name for name, f in FIELDS.items() if f.shape == ("N", 3) and name != "positions")
T = TypeVar("T")
Sections = dict[str, tuple[list[str], list[str]]]


def parse_dump(text: str, source: str) -> Atoms:
    """One frame of a text dump, particles in the order of their ids.

    Where there are columns that say it, with ``unwrapped`` (N, 3), which continue past the box
    and like the positions start from its lower corner, and ``thermal_energy`` (N,).

    Raises
    ------
    InputError
        For a row with too few or many columns, an id that appears twice, a triclinic box, other
        units than lj, or when there is no column for species or positions.
    """
    sections = _sections(text.splitlines(), source)
    _require_units(sections, source)
    for key in ("NUMBER OF", "BOX BOUNDS", "ATOMS"):
        if key not in sections:
            raise InputError("truncated or damaged: a part of a frame is missing", source=source,
                             field=f"ITEM: {key}")  # fmt: skip
    stated, rows = [line.strip() for line in sections["NUMBER OF"][1]], sections["ATOMS"][1]
    if stated != [str(len(rows))]:
        raise InputError(
            "truncated or damaged: a frame does not have as many particles as it says",
            source=source, expected=" ".join(stated)[:40], found=len(rows),
        )  # fmt: skip
    low, lengths, periodic = _box(*sections["BOX BOUNDS"], source)
    table = Table(*sections["ATOMS"], source)
    if not {"type", "element"} & set(table.names):
        raise InputError(
            "no column says which species a particle is", source=source, field="ITEM: ATOMS",
            expected="type or element", found=" ".join(table.names),
        )  # fmt: skip
    placed = {}
    # Of two dimensions many write x and y alone.
    flat = not periodic[2] or lengths[2] <= THIN
    for name, scaled in COORDINATES:
        values = _vector(table, name, flat=flat)
        if values is not None:
            placed[name] = low + values * lengths if scaled else values
    if not placed:
        raise InputError(
            "no columns for the positions", source=source, field="ITEM: ATOMS",
            expected="x y z, xu yu zu, xs ys zs or xsu ysu zsu", found=" ".join(table.names),
        )  # fmt: skip
    positions = next(iter(placed.values()))
    unwrapped = next((placed[name] for name in CONTINUED if name in placed), None)
    images = _vector(table, "ix", flat=flat)
    if unwrapped is None and images is not None:
        unwrapped = positions + images * lengths
    types = names = None
    if "type" in table:
        types = table.types()
    if "element" in table:
        names = table.text("element")
    atoms = atoms_of(table, positions, low, lengths, periodic, types, names)
    if unwrapped is not None:
        atoms.arrays[UNWRAPPED] = (unwrapped - low)[table.order()]
    for name in VECTORS:
        vector = _vector(table, f"{name}_x")
        if vector is not None:
            placed_from = low if FIELDS[name].is_position else 0.0
            atoms.arrays[name] = (vector - placed_from)[table.order()]
    energy = next((name for name in ENERGIES if name in table), None)
    if energy is not None and THERMAL not in atoms.arrays:
        atoms.arrays[THERMAL] = table.real(energy)[table.order()]
    return atoms


def dump_stamp(lines: Iterable[str], source: str) -> Stamp:
    """When a frame was taken, from its first lines.

    Raises
    ------
    InputError
        For other units than lj, or what is no number.
    """
    head = takewhile(lambda line: not line.startswith("ITEM: ATOMS"), lines)
    sections = _sections(head, source)
    _require_units(sections, source)
    return Stamp(
        _stated(sections, "TIMESTEP", whole_step, source), _stated(sections, "TIME", float, source)
    )


def _sections(lines: Iterable[str], source: str) -> Sections:
    """Words behind the name of each part of a frame, and its lines."""
    sections: Sections = {}
    body: list[str] = []
    for line in lines:
        if line.startswith("ITEM:"):
            words = line[5:].split()
            key = " ".join(words[:1] if words[:1] == ["ATOMS"] else words[:2])
            if key in sections:
                raise InputError("a part of a frame appears twice", source=source, field=key)
            body = []
            sections[key] = (words[1:] if key == "ATOMS" else words[2:], body)
        elif line.strip():
            body.append(line)
    return sections


def _require_units(sections: Sections, source: str) -> None:
    units = _stated(sections, "UNITS", str.strip, source)
    if units not in (None, "lj"):
        raise InputError(
            "must be in Lennard-Jones units", source=source, field="ITEM: UNITS", expected="lj",
            found=units,
        )  # fmt: skip


def _stated(sections: Sections, key: str, parse: Callable[[str], T], source: str) -> T | None:
    """The one value of a part of a frame; None where there is no such part."""
    if key not in sections:
        return None
    _, body = sections[key]
    try:
        (line,) = body
        return parse(line)
    except ValueError as error:
        raise InputError("one number was expected", source=source, field=f"ITEM: {key}",
                         found=" ".join(body)[:40]) from error  # fmt: skip


def _vector(table: Table, first: str, *, flat: bool = False) -> NDArray[np.float64] | None:
    """(N, 3) of the columns named like ``first``, that of x, if all three are there.

    A ``flat`` one may lack that of z, which is zero then.
    """
    x, y, z = (f"{first[:-1]}{a}" if "_" in first else first.replace("x", a) for a in "xyz")
    if x not in table or y not in table or not (flat or z in table):
        return None
    height = table.real(z) if z in table else np.zeros(len(table.text(x)))
    return np.column_stack([table.real(x), table.real(y), height])


def _box(
    words: Sequence[str], rows: Sequence[str], source: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[bool]]:
    """Lower corner (3,), edges (3,) and which directions are periodic."""
    try:
        bounds = np.array([[float(v) for v in row.split()] for row in rows])
    except ValueError as error:
        raise InputError("numbers were expected", source=source, field="ITEM: BOX BOUNDS",
                         found=str(error)) from error  # fmt: skip
    if words[:1] == ["abc"] or (bounds.shape == (3, 3) and bounds[:, 2].any()):
        raise triclinic(source, "ITEM: BOX BOUNDS")
    tilted = "xy" in words
    if bounds.shape not in ((3, 2), (3, 3))[tilted:]:
        raise InputError(
            f"{'three' if tilted else 'two'} numbers for each direction were expected",
            source=source, field="ITEM: BOX BOUNDS", found=bounds.tolist(),
        )  # fmt: skip
    periodic = [word == "pp" for word in words[-3:]] if len(words) >= 3 else [False] * 3
    return bounds[:, 0], bounds[:, 1] - bounds[:, 0], periodic
