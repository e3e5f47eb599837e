"""Partial results on disk: each file whole or absent, whenever the machine stops."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
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
    try:
        with zipfile.ZipFile(file) as stored:
            return {n.removesuffix(".npy"): _array(stored.read(n)) for n in stored.namelist()}
    except (
        OSError, EOFError, LookupError, TypeError, ValueError, RuntimeError, OverflowError,
        MemoryError, zlib.error, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise InputError(f"damaged: {' '.join(str(error).split())}", source=file) from error


def _array(content: bytes) -> NDArray[Any]:
    """From bytes whose checksum was right: NumPy alone reads, and checks, as far as it needs."""
    return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
