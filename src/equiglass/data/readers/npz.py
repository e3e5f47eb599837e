"""Opening NumPy archives from strangers: no pickles, and an error that names file and key."""

from __future__ import annotations

import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...opening import open_regular
from ..species import whole_numbers
from .npy import parse_array

# isoconfig_N4096T0.44_7_tc07.npz (BOTAN), N4096T0.44_401.npz (GlassBench)
# By what part of the edge positions that were stored with few digits may span more than the box.
ROUNDING = 1e-3
FILE_NAME = re.compile(
    r"N(?P<n>\d+)T(?P<temperature>\d+(\.\d+)?)_(?P<index>\d+)(_tc(?P<time>\d+))?\.npz$"
)


# Deflate makes a thousand bytes of one; arrays of numbers that mean something become ten times
# smaller at best. Small files may hold more zeros than that.
LARGEST_RATIO, SMALL = 100, 1 << 26
# What the modules below zipfile raise for a damaged archive, beyond its own error.
_DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, ValueError, EOFError,
    NotImplementedError, RuntimeError, OverflowError, struct.error, IndexError,
    lzma.LZMAError,
)  # fmt: skip


def member_names(path: Path) -> set[str]:
    """Names of the arrays in an archive, without reading them."""
    with open_archive(path) as archive:
        return set(archive)


class Archive(Mapping[str, NDArray[Any]]):
    """The arrays of an open archive; every failure is an :class:`InputError`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self._members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def __getitem__(self, key: str) -> NDArray[Any]:
        if key not in self._members:
            raise InputError(
                "missing key", source=self._path, field=key, found=sorted(self._members)
            )
        try:
            # Read as a whole, which checks the member's checksum.
            return parse_array(bytearray(self._archive.read(self._members[key])))
        except _DAMAGE as error:
            raise InputError(f"cannot be read: {error}", source=self._path, field=key) from error

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

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

    def real(self, key: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of real numbers, in its own dtype or, of numbers without a sign, int64."""
        array = self.expect(key, shape)
        if array.dtype.kind not in "iuf":
            raise InputError(
                "numbers were expected", source=self._path, field=key, found=f"dtype {array.dtype}"
            )
        # Differences of unsigned numbers are no differences.
        return array.astype(np.int64) if array.dtype.kind == "u" else array

    def finite(self, key: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of finite numbers, in its own dtype."""
        array = self.real(key, shape)
        if not np.isfinite(array).all():
            raise InputError(
                "not a finite number", source=self._path, field=key,
                found=f"entry {np.argwhere(~np.isfinite(array))[0].tolist()}",
            )  # fmt: skip
        return array

    def types(self, allowed: tuple[int, ...]) -> NDArray[np.int64]:
        """(N,) whole numbers, at least one, each of them ``allowed``."""
        types = whole_numbers(self.expect("types", (None,)), self._path, "types")
        if len(types) == 0:
            raise InputError("no particles", source=self._path, field="types")
        if not np.isin(types, allowed).all():
            raise InputError(
                "particle types out of range",
                source=self._path,
                field="types",
                expected=" or ".join([", ".join(str(t) for t in allowed[:-1]), str(allowed[-1])]),
                found=sorted(set(types.tolist()))[:8],
            )
        return types


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an npz file; objects in it are refused, and so is one that would unpack to a flood.

    Raises
    ------
    InputError
        If it is no such file, or states sizes that its own size does not allow.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_regular(path))
        size = os.fstat(file.fileno()).st_size
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
        except _DAMAGE as error:
            raise InputError(f"truncated or not an npz archive: {error}", source=path) from error
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if sum(member.compress_size for member in members) > size or unpacked > max(
            SMALL, LARGEST_RATIO * size
        ):
            raise InputError(
                "states more data than the file can hold", source=path,
                expected=f"at most {max(SMALL, LARGEST_RATIO * size)} bytes", found=unpacked,
            )  # fmt: skip
        if len({member.filename.removesuffix(".npy") for member in members}) < len(members):
            raise InputError("holds two arrays of one name", source=path)
        yield Archive(path, archive)


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an npz file."""
    with open_archive(path) as archive:
        return dict(archive)


def parse_name(path: Path) -> re.Match[str] | None:
    """Number of particles, temperature, index and time code in a published file's name."""
    return FILE_NAME.search(path.name)


def stated_temperature(path: Path) -> float | None:
    """The temperature in a published file's name, or None."""
    match = parse_name(path)
    return float(match["temperature"]) if match else None


def check_extent(
    positions: NDArray[np.floating[Any]],
    length: float,
    path: Path,
    field: str,
    *,
    unfolded: bool = False,
) -> None:
    """Raise if positions do not fill a box of this edge: the density would be wrong.

    Parameters
    ----------
    positions
        (N, d) finite positions in d dimensions.
    unfolded
        Whether particles may have left the box by as much as a quench moves them; else by as much
        as rounding does.
    """
    extent = float(np.ptp(positions, axis=0).max())
    spacing = length / len(positions) ** (1 / positions.shape[1])
    low = length - 2.0 * spacing
    high = length + (2.0 * spacing if unfolded else ROUNDING * length)
    if not low <= extent <= high:
        raise InputError(
            "the positions do not fit the box that the published density gives",
            source=path,
            field=field,
            expected=f"an extent of {low:.7g} to {high:.7g} in a box of {length:.7g}",
            found=f"{extent:.7g}",
        )
