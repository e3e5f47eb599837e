"""Files that hold a trajectory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .readers import ase_files, ase_series, gsd_files
from .readers.formats import recognise
from .readers.series import Series
from .trajectory import Trajectory


def open_series(path: Path, species: Sequence[str] | None = None) -> Series | None:
    """The frames of a file of a format that can hold a trajectory; None of others."""
    if not path.is_file():
        return None
    format = recognise(path)
    if format is gsd_files.FORMAT:
        return gsd_files.open_series(path, species)
    if format is ase_files.FORMAT:
        return ase_series.open_series(path, species)
    return None


def read_trajectory(
    path: str | os.PathLike[str],
    *,
    timestep: float | None = None,
    species: Sequence[str] | None = None,
) -> Trajectory:
    """Open a trajectory: a LAMMPS dump, GSD, extended xyz, or what else ASE reads.

    Parameters
    ----------
    timestep
        Of the integration, tau_LJ, where the file states steps and not times.
    species
        Species in the order A, B, ...; not needed for letters from A, or numbers from 0 or 1.

    Raises
    ------
    InputError
        If it holds fewer than two frames, frames of different particles, or no times.

    Warns
    -----
    AssumptionWarning
        If a half-written last frame, or a frame that is there twice, is left out.
    """
    location = Path(path)
    if not location.exists():
        raise InputError("no such file", source=path)
    series = open_series(location, species)
    if series is None:
        raise InputError(
            "not a trajectory", source=path, expected="a LAMMPS dump, GSD or extended xyz file"
        )
    return Trajectory.of_series(str(path), series, timestep)
