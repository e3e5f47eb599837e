"""Partial results on disk: each file whole or absent, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.readers import npz
from ..errors import InputError
from ..files import partial_of, publish


def save_arrays(file: Path, **arrays: Any) -> None:
    """Write arrays to an npz file that appears only when it is complete and on the disk.

    Raises
    ------
    InputError
        If the disk is full or not writable; what was there before is untouched.
    """
    partial = partial_of(file)
    try:
        try:
            with partial.open("wb") as out:
                np.savez(out, **arrays)
                out.flush()
                os.fsync(out.fileno())
            publish(partial, file)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", source=file) from error


def load_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of :func:`save_arrays`, each of which has a checksum in the file.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    return npz.load_arrays(file)
