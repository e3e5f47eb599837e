"""LAMMPS text dumps, as ``dump custom`` with ``time yes`` and ``units yes`` writes them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...evaluation.columns import ids_of, known_columns, made_columns
from ...evaluation.frames import About, FrameResult

# As many digits as tell positions of a box of a hundred sigma apart at 1e-8, and all of float32.
EXACT, MADE = "%.12g", "%.9g"


def _columns(about: About, result: FrameResult) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Columns in their order, and how the numbers of each are written."""
    c, moment = result.configuration, result.moment
    columns: dict[str, NDArray[Any]] = {"id": ids_of(result), "type": c.types + 1}
    formats = dict.fromkeys(columns, "%d")
    for k, axis in enumerate("xyz"):
        columns[axis] = c.positions[:, k]
    if moment.images is not None:
        columns |= {f"i{axis}": moment.images[:, k] for k, axis in enumerate("xyz")}
        formats |= {f"i{axis}": "%d" for axis in "xyz"}
    for name, values in known_columns(result).items():
        if values.ndim == 1:
            columns[name] = values
        else:
            columns |= {f"{name}_{axis}": values[:, k] for k, axis in enumerate("xyz")}
    made = made_columns(about, result)
    formats |= dict.fromkeys(made, MADE)
    return {**columns, **made}, formats


def _frame(about: About, result: FrameResult, *, first: bool) -> str:
    c, moment = result.configuration, result.moment
    # Once, as LAMMPS does: OVITO would see no frames behind a second one.
    head = ["ITEM: UNITS", "lj"] if first else []
    if moment.time is not None:
        head += ["ITEM: TIME", f"{moment.time:.16g}"]
    step = moment.number if moment.step is None else moment.step
    # LAMMPS' two dimensions: a thin box, periodic along z.
    bounds = [(0.0, edge) for edge in c.box]
    if c.dimensions == 2:
        bounds[2] = (-0.5, 0.5)
    columns, formats = _columns(about, result)
    head += ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(c))]
    head += ["ITEM: BOX BOUNDS pp pp pp", *(f"{low:.17g} {high:.17g}" for low, high in bounds)]
    head.append(f"ITEM: ATOMS {' '.join(columns)}")
    line = " ".join(formats.get(name, EXACT) for name in columns)
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return "\n".join([*head, *(line % row for row in rows)]) + "\n"


def write_dump(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """One frame after the other; a vector is three columns, ``NAME_x``, ``NAME_y``, ``NAME_z``.

    The timestep of a frame whose steps are not known is its number.
    """
    with path.open("wb") as out, io.TextIOWrapper(out, encoding="utf-8") as text:
        for k, result in enumerate(results):
            text.write(_frame(about, result, first=k == 0))
