"""One frame of an extended xyz file, with every cell accounted for.

ASE passes over columns in excess, puts particles without a position at the origin, and knows
chemical symbols only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..extxyz import TRUTH, info_of
from ..species import NAME_ARRAY
from .series import Stamp, stamp_of
from .table import in_order_of_ids

if TYPE_CHECKING:
    from ase import Atoms

DEFAULT = "species:S:1:pos:R:3"


def parse_frame(text: str, source: str) -> Atoms:
    """The particles of one frame, in the order of their ids if it has some.

    Raises
    ------
    InputError
        If rows do not fit ``Properties``, there are no positions, or an id appears twice.
    """
    from ase import Atoms

    lines = text.split("\n")
    info = info_of(lines[1])
    properties = str(info.pop("Properties", DEFAULT))
    words = properties.split(":")
    columns: dict[str, tuple[str, int, int]] = {}
    width = 0
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=True):
        if kind not in DTYPES or int(count) < 1:
            raise InputError("columns of no kind that is known", source=source, field="Properties",
                             expected=f"{name} with R, I, S or L and their number",
                             found=f"{name}:{kind}:{count}")  # fmt: skip
        if name in columns:
            raise InputError("a column appears twice", source=source, field="Properties",
                             found=name)  # fmt: skip
        columns[name] = kind, int(count), width
        width += int(count)
    if columns.get("pos", ("", 0, 0))[:2] != ("R", 3):
        raise InputError("no positions", source=source, field="Properties",
                         expected="pos:R:3", found=properties)  # fmt: skip
    rows = [line.split() for line in lines[2:] if line.strip()]
    for k, row in enumerate(rows):
        if len(row) != width:
            raise InputError(
                f"truncated or damaged: row {k + 1} of the particles has not as many columns "
                "as Properties says",
                source=source, expected=width, found=len(row),
            )  # fmt: skip
    arrays = {
        name: _column(kind, [row[at : at + count] for row in rows])
        for name, (kind, count, at) in columns.items()
    }
    names, numbers = arrays.pop("species", None), arrays.pop("Z", None)
    lattice = info.pop("Lattice", None)
    atoms = Atoms(
        numbers=np.zeros(len(rows), dtype=int) if numbers is None else numbers,
        positions=arrays.pop("pos"),
        # Also where no cell is given: how much of it is missing shows when it is used.
        cell=None if lattice is None else np.asarray(lattice, dtype=float).reshape(3, 3),
        pbc=info.pop("pbc", lattice is not None),
        info=info,
    )
    if names is not None:
        atoms.arrays[NAME_ARRAY] = names
    for name, values in arrays.items():
        atoms.new_array(name, values)  # type: ignore[no-untyped-call]
    return in_order_of_ids(atoms, source)


# What the letters of Properties stand for.
DTYPES = {"R": float, "I": int, "S": str, "L": bool}


def _column(kind: str, cells: Sequence[Sequence[str]]) -> NDArray[Any]:
    """(N,) or (N, count) values of a column."""
    if kind == "L":
        values = np.array([[TRUTH[cell] for cell in row] for row in cells], dtype=bool)
    else:
        values = np.array(cells, dtype=str).astype(DTYPES[kind])
    return values[:, 0] if values.shape[1:] == (1,) else values


def xyz_stamp(lines: Iterable[str], source: str) -> Stamp:
    """When a frame was taken, from its comment.

    Raises
    ------
    InputError
        For what is no number.
    """
    _, comment = islice(lines, 2)
    return stamp_of(info_of(comment), source)
