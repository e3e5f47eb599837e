"""Trajectories in extended xyz, and in whatever else ASE reads frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...geometry.periodic import FloatArray
from ..atoms import TYPE_ARRAYS, from_ase, labels_of, species_order
from .ase_files import XYZ_ENDINGS, from_whole, one_frame, whole
from .format import Species
from .frames import Span, extxyz_frames, left_over
from .series import Frame, Series, Stamp

if TYPE_CHECKING:
    from ase import Atoms

STEPS, TIMES = ("step", "timestep"), ("time",)
IDS, IMAGES = ("id", "ids"), ("image", "images")
ENERGIES = ("potential_energy", "energy")


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    lower = {str(key).lower(): value for key, value in values.items()}
    return next((lower[name] for name in names if name in lower), None)


def _stamp(info: Mapping[str, Any], source: str) -> Stamp:
    step, time = _first(info, STEPS), _first(info, TIMES)
    try:
        return Stamp(None if step is None else int(step), None if time is None else float(time))
    except (TypeError, ValueError) as error:
        raise InputError("not a number", source=source, field="step or time") from error


def _comment(path: Path, span: Span) -> Mapping[str, Any]:
    from ase.io.extxyz import key_val_str_to_dict

    with path.open("rb") as file:
        file.seek(span.start)
        file.readline()
        comment = file.readline().decode()
    return dict(key_val_str_to_dict(comment))  # type: ignore[no-untyped-call]


def _unwrapped(atoms: Atoms, lengths: FloatArray, flat: bool) -> FloatArray | None:
    """By columns ``image`` of three numbers, ``ix``, ``iy``, ``iz``, or ``xu``, ``yu``, ``zu``."""
    arrays = atoms.arrays
    if all(f"{a}u" in arrays for a in "xyz"):
        placed = np.column_stack([arrays[f"{a}u"] for a in "xyz"]).astype(np.float64)
    else:
        images = _first(arrays, IMAGES)
        if images is None and all(f"i{a}" in arrays for a in "xyz"):
            images = np.column_stack([arrays[f"i{a}"] for a in "xyz"])
        if images is None:
            return None
        placed = atoms.positions + np.asarray(images) * lengths
    offset = np.asarray(atoms.get_celldisp()).reshape(3)  # type: ignore[no-untyped-call]
    unwrapped: FloatArray = (placed - offset) * np.array([1, 1, 0 if flat else 1])
    return unwrapped


def _energy(atoms: Atoms) -> float | None:
    """Potential energy per particle from that of the frame."""
    total = _first(atoms.info, ENERGIES)
    if total is None and atoms.calc is not None:
        total = atoms.calc.results.get("energy")
    return None if total is None else float(total) / len(atoms)


def _frame(atoms: Atoms, order: Sequence[str] | None, source: str) -> Frame:
    c = from_ase(atoms, species=order, source=source)
    ids = _first(atoms.arrays, IDS)
    energy = _energy(atoms)
    if energy is None and c.thermal_energy is not None:
        energy = float(c.thermal_energy.mean())
    return Frame(
        c,
        _unwrapped(atoms, np.diag(np.asarray(atoms.cell)), c.dimensions == 2),
        None if ids is None else np.asarray(ids).astype(np.int64),
        energy,
    )


def _read_xyz(path: Path, spans: Sequence[Span], order: Sequence[str] | None, k: int) -> Frame:
    return _frame(one_frame(path, spans[k], "extxyz"), order, f"{path}[{k}]")


def _read_whole(path: Path, order: Sequence[str] | None, k: int) -> Frame:
    return _frame(from_whole(path, k), order, f"{path}[{k}]")


def _order(first: Callable[[], Atoms], species: Species) -> Sequence[str] | None:
    if species is not None:
        return species
    atoms = first()
    return None if TYPE_ARRAYS[0] in atoms.arrays else species_order(labels_of(atoms))


def open_series(path: Path, species: Species) -> Series:
    """The frames of an xyz file, without one that is not whole at its end, or of others."""
    if path.suffix in XYZ_ENDINGS:
        spans = extxyz_frames(path, growing=True)
        cut = left_over(path, spans)
        stamps = [_stamp(_comment(path, s), f"{path}[{k}]") for k, s in enumerate(spans)]
        order = _order(partial(one_frame, path, spans[0], "extxyz"), species) if spans else None
        return Series("extxyz", stamps, partial(_read_xyz, path, spans, order), cut)
    frames = whole(path)
    stamps = [_stamp(atoms.info, f"{path}[{k}]") for k, atoms in enumerate(frames)]
    order = _order(partial(from_whole, path, 0), species)
    return Series("ASE", stamps, partial(_read_whole, path, order))
