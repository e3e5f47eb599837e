"""Opening NumPy archives from strangers: no pickles, and an error that names file and key."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

# isoconfig_N4096T0.44_7_tc07.npz (BOTAN), N4096T0.44_401.npz (GlassBench)
FILE_NAME = re.compile(
    r"N(?P<n>\d+)T(?P<temperature>\d+(\.\d+)?)_(?P<index>\d+)(_tc(?P<time>\d+))?\.npz$"
)


def member_names(path: Path) -> set[str]:
    """Names of the arrays in an archive, without reading them."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"truncated or not an npz archive: {error}", source=path) from error


class Archive(Mapping[str, NDArray[Any]]):
    """The arrays of an open archive; every failure is an :class:`InputError`."""

    def __init__(self, path: Path, arrays: Any) -> None:
        self._path, self._arrays = path, arrays

    def __getitem__(self, key: str) -> NDArray[Any]:
        if key not in self._arrays:
            raise InputError(
                "missing key", source=self._path, field=key, found=sorted(self._arrays.files)
            )
        try:
            array: NDArray[Any] = self._arrays[key]
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"cannot be read: {error}", source=self._path, field=key) from error
        return array

    def __contains__(self, key: object) -> bool:
        return key in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays.files)

    def __len__(self) -> int:
        return len(self._arrays.files)

    def expect(self, key: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array whose shape must match; ``None`` stands for any length."""
        array = self[key]
        matches = array.ndim == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=True)
        )
        if not matches:
            wanted = tuple("any" if s is None else s for s in shape)
            raise InputError(
                "has the wrong shape",
                source=self._path,
                field=key,
                expected=wanted,
                found=array.shape,
            )
        return array


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an npz file; pickled objects in it are refused."""
    try:
        arrays = np.load(path, allow_pickle=False)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise InputError(f"truncated or not an npz archive: {error}", source=path) from error
    with arrays:
        yield Archive(path, arrays)


def parse_name(path: Path) -> re.Match[str] | None:
    """Number of particles, temperature, index and time code in a published file's name."""
    return FILE_NAME.search(path.name)


def stated_temperature(path: Path) -> float | None:
    """The temperature in a published file's name, or None."""
    match = parse_name(path)
    return float(match["temperature"]) if match else None


def check_extent(
    positions: NDArray[np.floating[Any]], length: float, path: Path, field: str
) -> None:
    """Raise if positions do not fill a cubic box of this edge: the density would be wrong."""
    extent = float(np.ptp(positions[np.isfinite(positions).all(axis=1)], axis=0).max())
    slack = 2.0 * (length**3 / len(positions)) ** (1 / 3)
    if not length - slack <= extent <= length * (1 + 1e-6):
        raise InputError(
            "the positions do not fit the box that the published density gives",
            source=path,
            field=field,
            expected=f"an extent of {length:.5g}",
            found=f"{extent:.5g}",
        )
