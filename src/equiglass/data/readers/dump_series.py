"""Trajectories in LAMMPS text dumps: positions or scaled positions, with images or unwrapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..atoms import build, species_order, types_of
from .format import Species
from .frames import Span, dump_frames, left_over
from .series import Frame, Series, Stamp

Array = NDArray[np.float64]
AXES = "xyz"
# Columns of a potential energy per particle: no name is fixed, these are the usual ones.
ENERGIES = ("c_pe", "c_energy", "c_peatom", "c_pea", "c_eng", "c_epot", "thermal_energy")


@dataclass(frozen=True)
class _Text:
    """The items of one frame: the lines below each header, and the table of particles."""

    items: dict[str, list[str]]
    bounds: str
    columns: list[str]
    rows: str


def _split(text: str, source: str) -> _Text:
    head, found, table = text.partition("ITEM: ATOMS")
    if not found:
        raise InputError("truncated or damaged: no particles", source=source, field="ITEM: ATOMS")
    names, _, rows = table.partition("\n")
    items: dict[str, list[str]] = {}
    for part in head.split("ITEM:")[1:]:
        title, *lines = part.strip().split("\n")
        items[title.strip()] = lines
    bounds = next((title for title in items if title.startswith("BOX BOUNDS")), "")
    return _Text(items, bounds, names.split(), rows)


def _stamp(path: Path, span: Span, source: str) -> Stamp:
    with path.open("rb") as file:
        file.seek(span.start)
        head = file.read(min(1024, span.stop - span.start)).decode(errors="replace")
    items = {
        title.strip(): rest.split("\n")[0].strip()
        for title, _, rest in (part.partition("\n") for part in head.split("ITEM:")[1:])
    }
    if items.get("UNITS", "lj") != "lj":
        raise InputError(
            "must be in Lennard-Jones units", source=source, field="ITEM: UNITS", expected="lj",
            found=items["UNITS"],
        )  # fmt: skip
    try:
        step = int(items["TIMESTEP"]) if "TIMESTEP" in items else None
        return Stamp(step, float(items["TIME"]) if "TIME" in items else None)
    except ValueError as error:
        raise InputError("not a number", source=source, field="ITEM: TIMESTEP") from error


def _box(text: _Text, source: str) -> tuple[Array, Array, list[bool]]:
    """Lower corner, edge lengths and which axes are periodic."""
    try:
        limits = np.array([line.split() for line in text.items[text.bounds]], dtype=np.float64)
        if limits.shape[0] != 3 or limits.shape[1] not in (2, 3):
            raise ValueError
    except (KeyError, ValueError) as error:
        raise InputError("cannot be read", source=source, field="ITEM: BOX BOUNDS") from error
    if limits.shape[1] == 3 and limits[:, 2].any():
        raise InputError(
            "only orthorhombic boxes are supported", source=source, field="ITEM: BOX BOUNDS",
            found=f"tilts {limits[:, 2].tolist()}",
        )  # fmt: skip
    flags = text.bounds.split()[-3:]
    return limits[:, 0], limits[:, 1] - limits[:, 0], [flag == "pp" for flag in flags]


def _table(text: _Text, source: str) -> dict[str, NDArray[np.str_] | Array]:
    """The columns by name: text of elements, numbers of everything else."""
    words = text.rows.split()
    width = len(text.columns)
    if not width or len(words) % width:
        raise InputError("rows have another number of columns than the header", source=source)
    table: dict[str, NDArray[np.str_] | Array] = {}
    try:
        numbers = np.array(words, dtype=np.float64).reshape(-1, width)
    except ValueError:
        pass
    else:
        return {name: numbers[:, k] for k, name in enumerate(text.columns)}
    cells = np.array(words, dtype=np.str_).reshape(-1, width)
    for k, name in enumerate(text.columns):
        try:
            table[name] = cells[:, k] if name == "element" else cells[:, k].astype(np.float64)
        except ValueError as error:
            if name in ("id", "type", *_position_names()):
                raise InputError("not a number", source=source, field=name) from error
    return table


def _position_names() -> list[str]:
    return [f"{a}{end}" for a in AXES for end in ("", "s", "u", "su")] + [f"i{a}" for a in AXES]


def _columns(table: dict[str, NDArray[np.str_] | Array], ending: str) -> Array | None:
    names = [f"{axis}{ending}" for axis in AXES]
    if not all(name in table for name in names):
        return None
    return np.column_stack([np.asarray(table[name], dtype=np.float64) for name in names])


def _positions(
    table: dict[str, NDArray[np.str_] | Array], low: Array, lengths: Array, source: str
) -> tuple[Array, Array | None]:
    """Positions from the lower corner, and the same unwrapped where the columns say it."""
    unwrapped = _columns(table, "u")
    if unwrapped is not None:
        return unwrapped - low, unwrapped - low
    scaled = _columns(table, "su")
    if scaled is not None:
        return scaled * lengths, scaled * lengths
    plain, fractions = _columns(table, ""), _columns(table, "s")
    if plain is None and fractions is None:
        raise InputError(
            "no positions", source=source, field="ITEM: ATOMS",
            expected="columns x y z, xs ys zs, xu yu zu or xsu ysu zsu", found=" ".join(table),
        )  # fmt: skip
    positions = plain - low if plain is not None else np.asarray(fractions) * lengths
    if not all(f"i{axis}" in table for axis in AXES):
        return positions, None
    images = np.column_stack([np.asarray(table[f"i{axis}"], dtype=np.float64) for axis in AXES])
    return positions, positions + images * lengths


def _labels(table: dict[str, NDArray[np.str_] | Array], species: Species, source: str) -> list[str]:
    numbers = table.get("type")
    elements = table.get("element")
    by_name = elements is not None and (numbers is None or set(species or ()) & set(elements))
    if by_name and elements is not None:
        return [str(e) for e in elements]
    if numbers is None:
        raise InputError("no types", source=source, field="ITEM: ATOMS", expected="type or element")
    return [str(n) for n in np.asarray(numbers).astype(np.int64).tolist()]


def read_frame(path: Path, spans: Sequence[Span], order: Sequence[str], k: int) -> Frame:
    """Frame ``k``; ``order`` says which species is A, B, ..."""
    source = f"{path}[{k}]"
    text = _split(spans[k].text(path), source)
    low, lengths, periodic = _box(text, source)
    table = _table(text, source)
    positions, unwrapped = _positions(table, low, lengths, source)
    # LAMMPS dumps a plane as a periodic layer in which all z are the same.
    flat = not periodic[2] or (len(positions) > 1 and not np.ptp(positions[:, 2]))
    if not all(periodic[:2]):
        raise InputError("must be periodic along x and y", source=source, field="ITEM: BOX BOUNDS")
    if flat and unwrapped is not None:
        unwrapped = np.column_stack([unwrapped[:, :2], np.zeros(len(unwrapped))])
    energies = next((table[name] for name in ENERGIES if name in table), None)
    more = {} if energies is None else {"thermal_energy": np.asarray(energies, dtype=np.float64)}
    types = types_of(_labels(table, order, source), order, source)
    return Frame(
        build(types, lengths, positions, source, flat=flat, **more),
        unwrapped,
        np.asarray(table["id"]).astype(np.int64) if "id" in table else None,
        None if energies is None else float(np.mean(np.asarray(energies, dtype=np.float64))),
    )


def open_series(path: Path, species: Species) -> Series:
    """The frames of a dump; one that is not whole at its end is left out."""
    spans = dump_frames(path, growing=True)
    cut = left_over(path, spans)
    if not spans:
        return Series("LAMMPS dump", (), partial(read_frame, path, spans, []), cut)
    first = _table(_split(spans[0].text(path), str(path)), str(path))
    order = species_order(_labels(first, species, str(path)), species)
    stamps = [_stamp(path, span, f"{path}[{k}]") for k, span in enumerate(spans)]
    return Series("LAMMPS dump", stamps, partial(read_frame, path, spans, order), cut)
