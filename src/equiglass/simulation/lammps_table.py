"""Tabulated pairs in LAMMPS's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.potential import TabulatedPair

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
