"""LAMMPS data files, read to the letter: what is ambiguous is refused.

ASE reads them too, but gives a file without a box one of edge 1, and takes the columns of one style
for those of another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from .table import Table, atoms_of, triclinic

if TYPE_CHECKING:
    from ase import Atoms

# Columns of the section Atoms; three image flags may follow.
STYLES: dict[str, tuple[str, ...]] = {
    "atomic": ("id", "type", "x", "y", "z"),
    "charge": ("id", "type", "q", "x", "y", "z"),
    "molecular": ("id", "molecule", "type", "x", "y", "z"),
    "bond": ("id", "molecule", "type", "x", "y", "z"),
    "angle": ("id", "molecule", "type", "x", "y", "z"),
    "full": ("id", "molecule", "type", "q", "x", "y", "z"),
    "sphere": ("id", "type", "diameter", "density", "x", "y", "z"),
}
FLAGS = ("ix", "iy", "iz")
SECTION = re.compile(r"[A-Z][A-Za-z]*( [A-Za-z]+)*$")
BOUNDS = re.compile(r"(\S+)\s+(\S+)\s+([xyz])lo\s+([xyz])hi$")
# In the title, where write_data puts it.
UNITS = re.compile(r"\bunits\s*=\s*(\w+)")
TILT = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+xy\s+xz\s+yz$")


def parse_data(text: str, source: str) -> Atoms:
    """The particles of a data file, in the order of their ids; it is periodic.

    Raises
    ------
    InputError
        If there is no box, it is triclinic, the number of rows is not that of the header, or the
        columns of the section Atoms are not known; or if the title says other units than lj.
    """
    units = UNITS.search(text.partition("\n")[0])
    if units is not None and units[1] != "lj":
        raise InputError("must be in Lennard-Jones units", source=source, field="units",
                         expected="lj", found=units[1])  # fmt: skip
    header, sections = _sections(text, source)
    bounds: dict[str, tuple[float, float]] = {}
    counts: dict[str, int] = {}
    for line in header:
        try:
            if found := TILT.match(line):
                if any(float(value) for value in found.groups()):
                    raise triclinic(source, "xy xz yz")
            elif found := BOUNDS.match(line):
                bounds[found[3]] = float(found[1]), float(found[2])
            elif found := re.fullmatch(r"(\d+)\s+(atoms|atom types)", line):
                counts[found[2]] = int(found[1])
            elif line.endswith(("avec", "bvec", "cvec", "abc origin")):
                raise triclinic(source, line.split()[-1])
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError("a number was expected", source=source, found=line[:60]) from error
    if set(bounds) != set("xyz"):
        raise InputError(
            "the file gives no box", source=source,
            expected="lines with xlo xhi, ylo yhi and zlo zhi",
            found=" ".join(f"{a}lo {a}hi" for a in sorted(bounds)) or "none",
        )  # fmt: skip
    if "atoms" not in counts or "Atoms" not in sections:
        raise InputError("truncated or damaged: no atoms", source=source,
                         expected="a line N atoms and a section Atoms")  # fmt: skip
    style, rows = sections["Atoms"]
    if len(rows) != counts["atoms"] or not rows:
        raise InputError(
            "truncated or damaged: the section Atoms has not as many rows as the header says",
            source=source, expected=counts["atoms"], found=len(rows),
        )  # fmt: skip
    table = Table(_columns(style, rows, source), rows, source)
    types = table.types()
    limit = counts.get("atom types")
    if (
        limit is not None
        and types.dtype.kind == "i"
        and not 1 <= types.min() <= types.max() <= limit
    ):
        raise InputError(
            "particle types out of range", source=source, field="type", expected=f"1 to {limit}",
            found=f"{types.min()} to {types.max()}",
        )  # fmt: skip
    low = np.array([bounds[a][0] for a in "xyz"])
    lengths = np.array([bounds[a][1] for a in "xyz"]) - low
    positions = np.column_stack([table.real(a) for a in "xyz"])
    return atoms_of(table, positions, low, lengths, [True] * 3, types, None)


def _sections(text: str, source: str) -> tuple[list[str], dict[str, tuple[str, list[str]]]]:
    """Lines of the header, and for each section the hint behind its name and its rows."""
    header: list[str] = []
    sections: dict[str, tuple[str, list[str]]] = {}
    rows = header
    for line in text.splitlines()[1:]:  # the first line is a title
        content, _, comment = line.partition("#")
        content = content.strip()
        if SECTION.match(content):
            if content in sections:
                raise InputError("a section appears twice", source=source, field=content)
            rows = []
            sections[content] = (comment.strip(), rows)
        elif content:
            rows.append(content)
    return header, sections


def _columns(style: str, rows: Sequence[str], source: str) -> tuple[str, ...]:
    """The names of the columns of the section Atoms."""
    n = len(rows[0].split())
    if not style:
        # Five columns, or eight that end with image flags, are of one style only.
        integers = all(re.fullmatch(r"[+-]?\d+", v) for row in rows for v in row.split()[5:])
        if n == 5 or (n == 8 and integers):
            style = "atomic"
        else:
            raise InputError(
                "the section Atoms does not say its style: write it behind the name, for example "
                "'Atoms # charge'",
                source=source, field="Atoms", expected=", ".join(STYLES), found=f"{n} columns",
            )  # fmt: skip
    names = STYLES.get(style)
    if names is None:
        raise InputError("a style of atoms that is not supported", source=source, field="Atoms",
                         expected=", ".join(STYLES), found=style)  # fmt: skip
    return names + FLAGS if n == len(names) + 3 else names
