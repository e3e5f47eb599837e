"""Partial results on disk: each file whole or absent, whenever the machine stops."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.readers import npz
from ..written import whole


def save_arrays(file: Path, **arrays: Any) -> None:
    """Write arrays to an npz file that appears only when it is complete and on the disk.

    Raises
    ------
    InputError
        If the disk is full or not writable; what was there before is untouched.
    """
    with whole(file) as partial, partial.open("wb") as out:
        np.savez(out, **arrays)


def load_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of :func:`save_arrays`, each of which has a checksum in the file.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    return npz.load_arrays(file)


def discard(folder: Path) -> None:
    """Remove a folder so that a part of it is never taken for all of it."""
    if not folder.is_dir():
        return
    removed = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(removed, ignore_errors=True)
    folder.replace(removed)
    shutil.rmtree(removed, ignore_errors=True)


def sweep(work: Path) -> None:
    """Remove what a stopped :func:`discard` left, and the folder itself if nothing is in it."""
    if not work.is_dir():
        return
    for removed in work.glob(".*.removed"):
        shutil.rmtree(removed, ignore_errors=True)
    # Partial results of configurations that are not asked for now stay.
    if not any(work.iterdir()):
        work.rmdir()
