"""Whether the chunks of a stored array are all there, and can hold what it declares to be.

Zarr takes a missing chunk for zeros and allocates whatever shape an array declares. Here both are
found before anything is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .archive import RECORD, Files, read_json

# Zstandard repeats one byte up to 128 KiB by a block of four bytes; nothing is packed better.
_MAX_RATIO = 2**15
_ZSTD = b"\x28\xb5\x2f\xfd"
_HEAD = 18  # the longest header of a frame


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    configuration: dict[str, Any] = {}


class _Array(BaseModel):
    """The record of a Zarr array, as far as stores use it."""

    model_config = ConfigDict(extra="forbid")

    zarr_format: Literal[3]
    node_type: Literal["array"]
    shape: list[int] = Field(min_length=1, max_length=8)
    data_type: Literal[
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64",
    ]  # fmt: skip
    chunk_grid: _Part
    chunk_key_encoding: _Part
    fill_value: Any
    codecs: list[_Part]
    attributes: dict[str, Any] = Field({}, max_length=0)
    storage_transformers: list[Any] = Field([], max_length=0)
    dimension_names: None = None


def check_chunks(files: Files, array: str, sizes: Mapping[str, int]) -> None:
    """Whether an array is one of ours and complete.

    Parameters
    ----------
    array
        Its path in the store.
    sizes
        The bytes of each of its files on the disk, by its path in the array.

    Raises
    ------
    ValueError
        If not; says what is wrong with it.
    """
    try:
        declared = _Array.model_validate(read_json(files, f"{array}/{RECORD}"), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"its record is not one of an array ({where}: {first['msg']})") from error
    chunk = declared.chunk_grid.configuration.get("chunk_shape")
    codecs = [codec.name for codec in declared.codecs]
    if (
        declared.chunk_grid.name != "regular"
        or declared.chunk_key_encoding.model_dump()
        != {"name": "default", "configuration": {"separator": "/"}}
        or not isinstance(chunk, list)
        or len(chunk) != len(declared.shape)
        or any(type(edge) is not int or edge < 1 for edge in chunk)
        or any(edge < 0 for edge in declared.shape)
        or codecs not in (["bytes", "zstd"], ["bytes", "zstd", "crc32c"])
    ):
        raise ValueError("its record is not one of an array of ours")
    counts = [-(-edge // part) for edge, part in zip(declared.shape, chunk, strict=True)]
    present = {file for file in sizes if file != RECORD}
    n_bytes = math.prod(chunk) * np.dtype(declared.data_type).itemsize
    # Not all are listed, or counted one by one, where they are more than there are files.
    listed = range(min(math.prod(counts), len(present) + 1))
    keys = ["/".join(("c", *map(str, np.unravel_index(k, counts)))) for k in listed]
    for key in keys:
        if key not in present:
            raise ValueError(f"chunk {key} is missing{_LEFT_OUT if 'crc32c' not in codecs else ''}")
        if n_bytes > sizes[key] * _MAX_RATIO or n_bytes != _content(
            files.read(f"{array}/{key}", _HEAD)
        ):
            raise ValueError(f"chunk {key} does not hold what the shape {declared.shape} needs")
    if len(keys) != len(present):
        raise ValueError(f"chunk {min(present.difference(keys))} is none of its own")


_LEFT_OUT = "; earlier versions left out chunks of zeros, for which the data are converted again"


def _content(head: bytes) -> int | None:
    """The number of bytes in a Zstandard frame, by its header (RFC 8878); None if it is none."""
    if len(head) < 6 or not head.startswith(_ZSTD):
        return None
    flags = head[4]
    single = flags >> 5 & 1
    start = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    width = (single, 2, 4, 8)[flags >> 6]
    field = head[start : start + width]
    if width == 0 or len(field) != width:
        return None
    return int.from_bytes(field, "little") + (256 if width == 2 else 0)
