"""LAMMPS text dumps, read to the letter: what is ambiguous is refused.

ASE reads them too, but leniently: rows cut short, repeated ids and columns in excess pass, and
names that are no chemical symbols fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .table import Table, atoms_of, triclinic

if TYPE_CHECKING:
    from ase import Atoms

# Columns that hold a position, and whether in units of the box.
COORDINATES = (("x", False), ("xu", False), ("xs", True), ("xsu", True))


def parse_dump(text: str, source: str) -> Atoms:
    """One frame of a text dump, particles in the order of their ids.

    Raises
    ------
    InputError
        For a row with too few or many columns, an id that appears twice, a triclinic box, or
        when there is no column for species or positions.
    """
    sections: dict[str, tuple[list[str], list[str]]] = {}
    body: list[str] = []
    for line in text.splitlines():
        if line.startswith("ITEM:"):
            words = line[5:].split()
            key = " ".join(words[:1] if words[:1] == ["ATOMS"] else words[:2])
            if key in sections:
                raise InputError("a part of a frame appears twice", source=source, field=key)
            body = []
            sections[key] = (words[1:] if key == "ATOMS" else words[2:], body)
        elif line.strip():
            body.append(line)
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
    for first, scaled in COORDINATES:
        axes = [first.replace("x", a) for a in "xyz"]
        if all(axis in table for axis in axes):
            positions = np.column_stack([table.real(axis) for axis in axes])
            if scaled:
                positions = low + positions * lengths
            break
    else:
        raise InputError(
            "no columns for the positions", source=source, field="ITEM: ATOMS",
            expected="x y z, xu yu zu, xs ys zs or xsu ysu zsu", found=" ".join(table.names),
        )  # fmt: skip
    types = names = None
    if "type" in table:
        types = table.types()
    if "element" in table:
        names = table.text("element")
    return atoms_of(table, positions, low, lengths, periodic, types, names)


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
    if bounds.shape not in ((3, 2), (3, 3)):
        raise InputError(
            "two numbers for each direction were expected", source=source,
            field="ITEM: BOX BOUNDS", found=bounds.tolist(),
        )  # fmt: skip
    periodic = [word == "pp" for word in words[-3:]] if len(words) >= 3 else [False] * 3
    return bounds[:, 0], bounds[:, 1] - bounds[:, 0], periodic
