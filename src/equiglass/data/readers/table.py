"""Rows of particles in a text file, each cell accounted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..atoms import RADII
from ..fields import FIELDS, REQUIRED_FIELDS
from ..species import NAME_ARRAY, whole_numbers

if TYPE_CHECKING:
    from ase import Atoms

IDS = ("id", "ids")
VALUES = (
    *(n for n, f in FIELDS.items() if f.shape == ("N",) and n not in REQUIRED_FIELDS), *RADII
)  # fmt: skip


class Table:
    """Rows of text under named columns."""

    def __init__(self, names: Sequence[str], rows: Sequence[str], source: str) -> None:
        self.source = source
        self.names = list(names)
        cells = [row.split() for row in rows]
        for k, cell in enumerate(cells):
            if len(cell) != len(self.names):
                raise InputError(
                    f"truncated or damaged: row {k + 1} of the particles has not as many columns "
                    "as there are names",
                    source=source, expected=len(self.names), found=len(cell),
                )  # fmt: skip
        if len(set(self.names)) < len(self.names):
            raise InputError("a column appears twice", source=source, found=" ".join(self.names))
        self._cells = np.array(cells, dtype=str).reshape(len(cells), len(self.names))

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def text(self, name: str) -> NDArray[np.str_]:
        """(N,) cells of a column as they are."""
        column: NDArray[np.str_] = self._cells[:, self.names.index(name)]
        return column

    def real(self, name: str) -> NDArray[np.float64]:
        """(N,) numbers of a column."""
        return self._parsed(name, np.float64, "numbers were expected")

    def whole(self, name: str) -> NDArray[np.int64]:
        """(N,) integers of a column."""
        return self._parsed(name, np.int64, "whole numbers were expected")

    def _parsed(self, name: str, dtype: Any, problem: str) -> NDArray[Any]:
        try:
            return self.text(name).astype(dtype)
        except (ValueError, OverflowError) as error:
            raise InputError(problem, source=self.source, field=name, found=str(error)) from error

    def order(self) -> NDArray[np.int64]:
        """(N,) rows in the order of the particles' ids; as they come if there are none."""
        if "id" not in self:
            return np.arange(len(self._cells))
        return order_of_ids(self.whole("id"), self.source)

    def types(self) -> NDArray[Any]:
        """(N,) types as numbers, or as labels if one is no number at all."""
        labels = self.text("type")
        if any(re.fullmatch(r"[A-Za-z]\w*", str(label)) for label in set(labels.tolist())):
            return labels
        return self.whole("type")


def order_of_ids(ids: NDArray[np.int64], source: str) -> NDArray[np.int64]:
    """(N,) which row comes where when rows are sorted by id.

    Raises
    ------
    InputError
        If two particles have the same id.
    """
    order = np.argsort(ids, kind="stable")
    repeated = ids[order][1:][np.diff(ids[order]) == 0]
    if len(repeated):
        raise InputError(
            "two particles have the same id", source=source, field="id", found=int(repeated[0])
        )
    return order


def ids_of(atoms: Atoms, source: str) -> NDArray[np.int64] | None:
    """(N,) by which particles are known in every frame; None where their order says it."""
    name = next((name for name in atoms.arrays if name.lower() in IDS), None)
    return None if name is None else whole_numbers(atoms.arrays[name], source, name)


def in_order_of_ids(atoms: Atoms, source: str) -> Atoms:
    """The particles in the order of their ids; as they are if there are none.

    Raises
    ------
    InputError
        If two particles have the same id.
    """
    ids = ids_of(atoms, source)
    if ids is None:
        return atoms
    ordered: Atoms = atoms[order_of_ids(ids, source)]
    return ordered


def atoms_of(
    table: Table,
    positions: NDArray[np.float64],
    low: NDArray[np.float64],
    lengths: NDArray[np.float64],
    periodic: Sequence[bool],
    types: NDArray[Any] | None,
    names: NDArray[np.str_] | None,
) -> Atoms:
    """Particles in the order of their ids, with the corner ``low`` (3,) of the box at the origin.

    ``positions`` (N, 3), ``lengths`` (3,), ``types`` and ``names`` (N,) as in the file.
    """
    from ase import Atoms

    order = table.order()
    atoms = Atoms(
        numbers=np.zeros(len(order), dtype=int), positions=(positions - low)[order],
        cell=np.diag(lengths), pbc=list(periodic),
    )  # fmt: skip
    if "id" in table:
        atoms.arrays["id"] = table.whole("id")[order]
    if types is not None:
        atoms.arrays["type"] = types[order]
    if names is not None:
        atoms.arrays[NAME_ARRAY] = names[order]
    for name in VALUES:
        if name in table:
            atoms.arrays[name] = table.real(name)[order]
    return atoms


def triclinic(source: object, field: str) -> InputError:
    """The error for a box that is not orthorhombic."""
    return InputError(
        "a triclinic box; only orthorhombic boxes along x, y, z are supported",
        source=str(source), field=field,
    )  # fmt: skip
