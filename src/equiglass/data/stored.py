"""Reading a configuration from a store: exactly what was written, or an error that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .archive import DAMAGE, FORMAT, RECORD, attributes_of, files_of, one_line, records
from .chunks import check_chunks
from .configuration import Configuration
from .fields import FIELDS, REQUIRED_FIELDS
from .record import METADATA, array_digest
from .relaxation import RelaxationTime
from .upgrade import check_version, present_record

_PREDICTIONS = "predictions"


def read_configuration(store: Path, name: str) -> Configuration:
    """Read one configuration, bit for bit as it was written.

    Raises
    ------
    InputError
        If anything of it is missing or not as it was written.
    """
    attributes = attributes_of(store)
    check_version(attributes, store)
    if attributes.get("format") != FORMAT:
        raise InputError("not an equiglass store", source=store)
    record = present_record(attributes, records(store, [name])[name], store, name)
    where = name
    try:
        with files_of(store) as files:
            parts = _arrays(files.sizes(name))
            if record.arrays is not None and set(record.arrays) != set(parts):
                missing = sorted(set(record.arrays).symmetric_difference(parts))[0]
                raise ValueError(f"array {missing} is not as recorded")
            held: dict[str, bytes] = {}
            for path, sizes in parts.items():
                where = f"{name}/{path}"
                check_chunks(files, where, sizes)
                held |= {f"{path}/{f}": files.read(f"{where}/{f}") for f in sizes}
        where = name
        arrays = _arrays_of(held, list(parts))
        for path, array in arrays.items():
            where = f"{name}/{path}"
            if record.arrays is not None and array_digest(array) != record.arrays[path]:
                raise ValueError("does not fit its checksum")
        where = name
        metadata: dict[str, Any] = {key: getattr(record, key) for key in METADATA}
        metadata["source"] = record.source or f"{store}/{name}"
        if record.relaxation_time is not None:
            metadata["relaxation_time"] = RelaxationTime(**record.relaxation_time.model_dump())
        metadata |= {path: array for path, array in arrays.items() if path in FIELDS}
        predictions = {p.partition("/")[2]: a for p, a in arrays.items() if p not in FIELDS}
        return Configuration(**metadata, predictions=predictions)
    except DAMAGE as error:  # that of a configuration which makes no sense included
        raise InputError(f"damaged: {one_line(error)}", source=store, field=where) from error


def _arrays_of(held: dict[str, bytes], paths: list[str]) -> dict[str, NDArray[Any]]:
    """The arrays in these files.

    All at once, because Zarr changes threads for every call and every file of a disk, which takes
    ten times as long as to unpack a small array.
    """
    import asyncio

    from zarr import AsyncArray
    from zarr.core.buffer import default_buffer_prototype
    from zarr.core.sync import sync
    from zarr.storage import MemoryStore, StorePath

    buffer = default_buffer_prototype().buffer
    store = MemoryStore({file: buffer.from_bytes(content) for file, content in held.items()})

    async def one(path: str) -> Any:
        array = await AsyncArray.open(StorePath(store, path), zarr_format=3)
        return await array.getitem(...)

    async def all_of_them() -> list[Any]:
        return list(await asyncio.gather(*map(one, paths), return_exceptions=True))

    found: dict[str, NDArray[Any]] = {}
    for path, array in zip(paths, sync(all_of_them()), strict=True):
        if isinstance(array, DAMAGE):
            raise ValueError(f"array {path}: {one_line(array)}")
        if isinstance(array, BaseException):
            raise array
        found[path] = np.asarray(array)
    return found


def _arrays(sizes: dict[str, int]) -> dict[str, dict[str, int]]:
    """The files of a configuration, (path in the array, bytes), by array."""
    parts: dict[str, dict[str, int]] = {}
    for file, size in sizes.items():
        if file in (RECORD, f"{_PREDICTIONS}/{RECORD}"):
            continue
        depth = 2 if file.startswith(f"{_PREDICTIONS}/") else 1
        names = file.split("/")
        path = "/".join(names[:depth])
        if depth == 1 and path not in FIELDS:
            raise ValueError(f"{file} is nothing that a configuration has")
        parts.setdefault(path, {})["/".join(names[depth:])] = size
    for name in REQUIRED_FIELDS:
        if name not in parts:
            raise ValueError(f"array {name} is missing")
    return parts
