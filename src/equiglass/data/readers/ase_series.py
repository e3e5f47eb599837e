"""Trajectories in LAMMPS text dumps, extended xyz, and whatever else ASE reads frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from ...geometry.periodic import FloatArray
from .ase_files import (
    Text,
    configuration_of,
    first_order,
    format_name,
    from_whole,
    guarded,
    one_frame,
    plain_values,
    text_of,
    whole,
)
from .format import Species
from .frames import Span, left_over
from .series import UNWRAPPED, Frame, Series, first_of, stamp_of
from .table import ids_of

if TYPE_CHECKING:
    from ase import Atoms

IMAGES = ("image", "images")
ENERGIES = ("potential_energy", "energy")


def _unwrapped(atoms: Atoms, flat: bool, source: str) -> FloatArray | None:
    """By what the reader found, else columns ``image`` of three numbers, or ``ix``, ``xu``, ...."""
    arrays = atoms.arrays
    offset = np.asarray(atoms.get_celldisp()).reshape(3)  # type: ignore[no-untyped-call]
    if UNWRAPPED in arrays:
        placed = arrays[UNWRAPPED]
    elif all(f"{a}u" in arrays for a in "xyz"):
        placed = np.column_stack([arrays[f"{a}u"] for a in "xyz"]).astype(np.float64) - offset
    else:
        images = first_of(arrays, IMAGES)
        if images is None and all(f"i{a}" in arrays for a in "xyz"):
            images = np.column_stack([arrays[f"i{a}"] for a in "xyz"])
        if images is None:
            return None
        if np.shape(images) != (len(atoms), 3):
            raise InputError("has the wrong shape", source=source, field=IMAGES[0],
                             expected=(len(atoms), 3), found=np.shape(images))  # fmt: skip
        lengths = np.diag(np.asarray(atoms.cell))
        placed = atoms.positions - offset + np.asarray(images) * lengths
    if not np.isfinite(placed).all():
        raise InputError("not a finite number", source=source, field="unwrapped positions")
    unwrapped: FloatArray = placed * np.array([1, 1, 0 if flat else 1])
    return unwrapped


def _energy(atoms: Atoms) -> float | None:
    """Potential energy per particle from that of the frame."""
    total = first_of(atoms.info, ENERGIES)
    if total is None and atoms.calc is not None:
        total = atoms.calc.results.get("energy")
    return None if total is None else float(total) / len(atoms)


def _frame(atoms: Atoms, order: Sequence[str] | None, source: str) -> Frame:
    c = configuration_of(atoms, order, source)
    with plain_values(source):
        energy = _energy(atoms)
        unwrapped = _unwrapped(atoms, c.dimensions == 2, source)
        ids = ids_of(atoms, source)
    if energy is None and c.thermal_energy is not None:
        energy = float(c.thermal_energy.mean())
    return Frame(c, unwrapped, ids, energy)


def _read_text(
    path: Path, text: Text, spans: Sequence[Span], order: Sequence[str] | None, k: int
) -> Frame:
    source = f"{path}[{k}]"
    return _frame(one_frame(path, spans[k], text, source), order, source)


def _read_whole(path: Path, order: Sequence[str] | None, k: int) -> Frame:
    return _frame(from_whole(path, k), order, f"{path}[{k}]")


def open_series(path: Path, species: Species) -> Series:
    """The frames of a file; without one at the end of a text file that is not whole."""
    text = text_of(path)
    if text is None:
        frames = whole(path)
        stamps = [stamp_of(atoms.info, f"{path}[{k}]") for k, atoms in enumerate(frames)]
        order = first_order(frames[0], species, str(path)) if frames else None
        return Series(format_name(path, text), stamps, partial(_read_whole, path, order))
    spans = text.frames(path, growing=True)
    stamps = guarded(
        path, lambda: [text.stamp(s.lines(path), f"{path}[{k}]") for k, s in enumerate(spans)]
    )
    source = f"{path}[0]"
    order = first_order(one_frame(path, spans[0], text, source), species, source) if spans else None
    read = partial(_read_text, path, text, spans, order)
    return Series(text.name, stamps, read, left_over(path, spans))
