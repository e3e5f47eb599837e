"""Opening NumPy archives from strangers: no pickles, and an error that names file and key."""

from __future__ import annotations

import lzma
import math
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

# isoconfig_N4096T0.44_7_tc07.npz (BOTAN), N4096T0.44_401.npz (GlassBench)
FILE_NAME = re.compile(
    r"N(?P<n>\d+)T(?P<temperature>\d+(\.\d+)?)_(?P<index>\d+)(_tc(?P<time>\d+))?\.npz$"
)


# Deflate makes a thousand bytes of one; arrays of numbers that mean something become ten times
# smaller at best. Small files may hold more zeros than that.
LARGEST_RATIO, SMALL = 100, 1 << 26
MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<descr>[^']{1,16})',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d, ]{0,200})\),?\s*\}\s*"
)
_PLAIN_TYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|[US]\d{1,6})")
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


def parse_array(content: bytearray) -> NDArray[Any]:
    """The array of numbers or text in the bytes of an npy file, without a copy.

    Raises
    ------
    ValueError
        If the header is not one of such an array, or states another number of bytes than are there.
    """
    if content[:6] != MAGIC or len(content) < 10:
        raise ValueError("not an array of NumPy")
    width = 2 if content[6] == 1 else 4
    start = 8 + width + int.from_bytes(content[8 : 8 + width], "little")
    header = _HEADER.fullmatch(content[8 + width : min(start, 10_000)].decode("latin1"))
    if header is None:
        raise ValueError("a header that is none of an array of numbers")
    if not _PLAIN_TYPE.fullmatch(header["descr"]):
        raise ValueError(f"no array of numbers or text: {header['descr']!r}")
    dtype = np.dtype(header["descr"])
    shape = tuple(int(n) for n in header["shape"].replace(" ", "").split(",") if n)
    if len(shape) > 8 or dtype.itemsize == 0:
        raise ValueError("too many axes, or elements of no size")
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(
            f"{max(0, len(content) - start)} bytes for shape {shape} of {header['descr']}"
        )
    # A product of zero says nothing about the other factors.
    if len(content) == start and max(shape, default=0) > len(content):
        raise ValueError(f"an impossible shape {shape}")
    array = np.frombuffer(content, dtype, offset=start)
    return array.reshape(shape, order="F" if header["fortran"] == "True" else "C")


class Archive(Mapping[str, NDArray[Any]]):
    """The arrays of an open archive; every failure is an :class:`InputError`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self._members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}

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
        """An array of real numbers whose shape must match; ``None`` stands for any length."""
        array = self[key]
        if array.dtype.kind not in "iuf":
            raise InputError(
                "not numbers", source=self._path, field=key, found=f"dtype {array.dtype}"
            )
        if array.dtype.kind == "u":
            array = array.astype(np.int64)  # differences of unsigned numbers are no differences
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
