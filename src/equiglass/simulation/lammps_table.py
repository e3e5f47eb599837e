"""Tabulated pairs in LAMMPS's format, and what LAMMPS says where they do not suffice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.potential import TabulatedPair
from ..errors import InputError

TABLE_POINTS = 4000


def write_table(pair: TabulatedPair, file: Path) -> None:
    """A pair in LAMMPS's table format, on a fine grid of the cubic spline through its points."""
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(pair.r, pair.energy)
    r = np.linspace(pair.r[0], pair.r[-1], TABLE_POINTS)
    rows = np.column_stack([np.arange(1, len(r) + 1), r, spline(r), -spline(r, 1)])
    with file.open("w") as out:
        out.write(f"PAIR\nN {len(r)} R {pair.r[0]!r} {pair.r[-1]!r}\n\n")
        np.savetxt(out, rows, fmt=["%d", "%.16g", "%.16g", "%.16g"])


def refusal(error: str, source: str) -> InputError:
    """What LAMMPS says, in this package's words where a table is too short."""
    if "table inner cutoff" not in error:
        return InputError(f"LAMMPS: {error}", source=source)
    return InputError(
        "particles came closer than a table of the potential begins; let it begin nearer",
        source=source, field="pairs", found=f"r = {error.partition('dist ')[2].partition(' ')[0]}",
    )  # fmt: skip
