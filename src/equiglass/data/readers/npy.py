"""The bytes of an npy file as an array of numbers or text, without evaluating its header.

NumPy evaluates the header as a literal, and allocates what it states before it reads.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x93NUMPY"
LONGEST = 1 << 26  # axis of an array without elements
_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<descr>[^']{1,16})',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d, ]{0,200})\),?\s*\}\s*"
)
_PLAIN_TYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|[US]\d{1,6})")


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
    if len(content) == start and max(shape, default=0) > LONGEST:
        raise ValueError(f"an impossible shape {shape}")
    array = np.frombuffer(content, dtype, offset=start)
    return array.reshape(shape, order="F" if header["fortran"] == "True" else "C")
