"""The project's own store: Zarr 3, one group per configuration, each written atomically.

A store is a folder ``NAME.zarr``, which can grow, or one file ``NAME.zarr.zip``, which is written
once and then only read. Every chunk, every array and every record has a checksum. Who writes holds
the lock of the output, :func:`equiglass.locks.writing`; readers need none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import partial_of, publish, remove, remove_stale, sync_tree
from ..locks import writing
from .archive import (
    FORMAT,
    ZIP_ENDING,
    attributes_of,
    is_store,
    is_zip,
    one_line,
    pack,
    records,
    write_attributes,
)
from .configuration import Configuration
from .record import ARRAYS, METADATA, OWN, Record, array_digest, sealed
from .stored import read_configuration
from .upgrade import VERSION, check_version, present_record, upgraded

__all__ = [
    "METADATA",
    "VERSION",
    "configuration_names",
    "create_store",
    "is_store",
    "own_attributes",
    "read_attribute",
    "read_configuration",
    "read_records",
    "store_attributes",
    "update_attributes",
    "write_configuration",
    "write_store",
]


def create_store(path: Path, **attributes: Any) -> None:
    """Make an empty store folder, or check that the folder is one already.

    A store of an earlier version becomes one of the present version, and what was left of writing
    to it when a process was killed is removed.

    Raises
    ------
    InputError
        If the path exists and is something else, or names a zip file, which cannot grow; nothing
        is touched then. Or if it cannot be written.
    """
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty and not is_store(path):
        raise InputError("exists and is not an equiglass store", source=path)
    if is_zip(path):
        raise InputError("a store of one file cannot grow; name a folder, OUT.zarr", source=path)
    with _named(path):
        if path.exists() and not empty:
            remove_stale(path)
            _upgrade(path)
            return
        remove_stale(path.parent, path.name)
        partial = partial_of(path)
        try:
            _new(partial, attributes)
            sync_tree(partial)
            publish(partial, path)
        finally:
            remove(partial)


def _new(path: Path, attributes: dict[str, Any]) -> None:
    import zarr

    own = {"format": FORMAT, "version": VERSION, "units": "LJ"}
    zarr.create_group(path, attributes=sealed({**own, **attributes}))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """A disk that is full or may not be written to is an error that names the output."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot be written: {one_line(error)}", source=path) from error


def _upgrade(path: Path) -> None:
    """Rewrite the records of an earlier version; stopped half way, it can be done again."""
    attributes = store_attributes(path)
    if attributes["version"] == VERSION:
        return
    for name, record in records(path).items():
        write_attributes(path / name, upgraded(attributes, record))
    update_attributes(path, version=VERSION)


def store_attributes(store: Path) -> dict[str, Any]:
    """What was recorded about the store as a whole.

    Raises
    ------
    InputError
        If it is none of ours, or was written by a later version.
    """
    attributes = attributes_of(store)
    if attributes.get("format") != FORMAT:
        raise InputError("not an equiglass store", source=store)
    check_version(attributes, store)
    return attributes


def own_attributes(store: Path) -> dict[str, Any]:
    """What was recorded about the store as a whole by the command that made it."""
    return {key: value for key, value in store_attributes(store).items() if key not in OWN}


def update_attributes(store: Path, **attributes: Any) -> None:
    """Record more about the store; a reader sees the old or the new record, never half of one."""
    write_attributes(store, {**attributes_of(store), **attributes})


def write_configuration(
    store: Path, name: str, configuration: Configuration, split: str | None = None
) -> None:
    """Write one configuration; a reader sees all of it or nothing, also after a crash.

    Of one that is written over, a process that is killed leaves the old one, the new or neither.

    Raises
    ------
    InputError
        If the disk is full or not writable; what was there before is untouched.
    """
    partial, replaced = partial_of(store / name), partial_of(store / name)
    with _named(store):
        try:
            _write_group(partial, configuration, split)
            sync_tree(partial)
            if (store / name).exists():
                (store / name).replace(replaced)
            publish(partial, store / name)
        finally:
            remove(partial)
            remove(replaced)


def _write_group(group: Path, configuration: Configuration, split: str | None) -> None:
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    arrays: dict[str, NDArray[Any]] = dict(configuration.known)
    for method, array in configuration.predictions.items():
        if "/" in method or method.startswith("."):
            raise InputError("cannot be stored by this name", field="predictions", found=method)
        arrays[f"predictions/{method}"] = array
    metadata = {key: getattr(configuration, key) for key in METADATA}
    if configuration.potential is not None:
        metadata["potential"] = configuration.potential.model_dump(mode="json")
    # Left out where it is not known: versions that do not know the key read such records too.
    accuracy = metadata.pop("accuracy")
    if accuracy is not None:
        metadata["accuracy"] = accuracy.model_dump(mode="json")
    if configuration.relaxation_time is not None:
        metadata["relaxation_time"] = asdict(configuration.relaxation_time)
    metadata[ARRAYS] = {path: array_digest(array) for path, array in arrays.items()}
    target = zarr.create_group(group, attributes=sealed({"split": split, **metadata}))
    for path, array in arrays.items():
        target.create_array(
            path,
            data=np.ascontiguousarray(array),
            compressors=[ZstdCodec(), Crc32cCodec()],
            # A chunk of zeros that is not there could not be told from one that was lost.
            config={"write_empty_chunks": True},
        )


def configuration_names(store: Path) -> list[str]:
    """Names of the complete configurations in a store, in order."""
    store_attributes(store)
    return list(records(store))


def read_records(store: Path) -> dict[str, Record]:
    """What is recorded about each configuration, by name and in order, without its arrays.

    Raises
    ------
    InputError
        If a record is damaged.
    """
    attributes = store_attributes(store)
    found = records(store)
    return {name: present_record(attributes, found[name], store, name) for name in found}


def read_attribute(store: Path, name: str, key: str) -> Any:
    """Something recorded about a configuration, such as its ``split``, without its arrays."""
    found = records(store, [name])[name]
    return getattr(present_record(store_attributes(store), found, store, name), key)


def write_store(
    path: Path,
    configurations: Iterable[tuple[str, Configuration, str | None]],
    **attributes: Any,
) -> int:
    """Write (name, configuration, split) to a new store, of one file if its name says so.

    Written beside its final name and then renamed, so that a failure half way leaves nothing that
    looks whole. ``attributes`` are recorded about the store as a whole. Returns how many
    configurations were written.

    Raises
    ------
    InputError
        If the path exists, or another process writes it; or if the disk is full or not writable.
    """
    with writing(path):
        if path.exists():
            raise InputError("exists already; choose a new name", source=path)
        remove_stale(path.parent, path.name)
        partial = partial_of(path)
        try:
            with _named(path):
                _new(partial, attributes)
            count = 0
            for name, configuration, split in configurations:
                with _named(path):
                    _write_group(partial / name, configuration, split)
                count += 1
            with _named(path):
                if path.name.endswith(ZIP_ENDING):
                    pack(partial, path)
                else:
                    sync_tree(partial)
                    publish(partial, path)
        finally:
            remove(partial)
    return count
