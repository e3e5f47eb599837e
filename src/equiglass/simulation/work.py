"""Partial results on disk: each file whole or absent, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError


def save_arrays(file: Path, **arrays: Any) -> None:
    """Write arrays to an npz file that appears only when it is complete and on the disk.

    Raises
    ------
    InputError
        If the disk is full or not writable; what was there before is untouched.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with partial.open("wb") as out:
            np.savez(out, **arrays)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror}", source=file) from error


def load_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of :func:`save_arrays`."""
    # Opened here, because NumPy leaves a file open that turns out to be damaged.
    with file.open("rb") as source, np.load(source, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
