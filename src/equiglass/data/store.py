"""The project's own store: Zarr 3, one group per configuration, each written atomically.

A store is a folder ``NAME.zarr``, which can grow, or one file ``NAME.zarr.zip``, which is written
once and then only read.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..errors import InputError
from .archive import (
    FORMAT,
    ZIP_ENDING,
    attributes_of,
    is_store,
    is_zip,
    open_group,
    pack,
    records,
    write_attributes,
)
from .configuration import Configuration
from .fields import FIELDS
from .potential import Potential
from .relaxation import RelaxationTime
from .upgrade import VERSION, check_version, upgraded

__all__ = [
    "METADATA",
    "VERSION",
    "configuration_names",
    "create_store",
    "is_store",
    "read_attribute",
    "read_configuration",
    "read_records",
    "store_attributes",
    "update_attributes",
    "write_configuration",
    "write_store",
]
METADATA = (
    "temperature",
    "index",
    "source",
    "periodic",
    "n_trajectories",
    "relaxation_time",
    "potential",
)


def create_store(path: Path, **attributes: Any) -> None:
    """Make an empty store folder, or check that the folder is one already.

    A store of an earlier version becomes one of the present version.

    Raises
    ------
    InputError
        If the path exists and is something else, or names a zip file, which cannot grow; nothing
        is touched then.
    """
    import zarr

    if path.exists() and not is_store(path):
        raise InputError("exists and is not an equiglass store", source=path)
    if is_zip(path):
        raise InputError("a store of one file cannot grow; name a folder, OUT.zarr", source=path)
    if path.exists():
        _upgrade(path)
        return
    zarr.create_group(
        path, attributes={"format": FORMAT, "version": VERSION, "units": "LJ", **attributes}
    )


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


def update_attributes(store: Path, **attributes: Any) -> None:
    """Record more about the store; a reader sees the old or the new record, never half of one."""
    write_attributes(store, {**attributes_of(store), **attributes})


def write_configuration(
    store: Path, name: str, configuration: Configuration, split: str | None = None
) -> None:
    """Write one configuration; a reader sees all of it or nothing."""
    import zarr

    partial = store / f".partial-{name}"
    shutil.rmtree(partial, ignore_errors=True)
    metadata = {key: getattr(configuration, key) for key in METADATA}
    if configuration.potential is not None:
        metadata["potential"] = configuration.potential.model_dump(mode="json")
    if configuration.relaxation_time is not None:
        metadata["relaxation_time"] = asdict(configuration.relaxation_time)
    group = zarr.create_group(partial, attributes={"split": split, **metadata})
    for field, array in configuration.known.items():
        group.create_array(field, data=np.ascontiguousarray(array))
    for method, array in configuration.predictions.items():
        group.create_array(f"predictions/{method}", data=np.ascontiguousarray(array))
    target = store / name
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)


def configuration_names(store: Path) -> list[str]:
    """Names of the complete configurations in a store, in order."""
    store_attributes(store)
    return list(records(store))


def read_records(store: Path) -> dict[str, dict[str, Any]]:
    """What is recorded about each configuration, by name and in order, without its arrays."""
    attributes = store_attributes(store)
    return {name: upgraded(attributes, record) for name, record in records(store).items()}


def read_attribute(store: Path, name: str, key: str) -> Any:
    """Something recorded about a configuration, such as its ``split``, without its arrays."""
    return upgraded(store_attributes(store), records(store, [name])[name]).get(key)


def read_configuration(store: Path, name: str) -> Configuration:
    """Read one configuration, bit for bit as it was written."""
    try:
        with open_group(store, name) as group:
            arrays: dict[str, Any] = {f: np.asarray(group[f][...]) for f in FIELDS if f in group}  # type: ignore[index]
            predictions = {}
            if "predictions" in group:
                predictions = {k: np.asarray(v[...]) for k, v in group["predictions"].arrays()}  # type: ignore[union-attr]
            record = upgraded(store_attributes(store), dict(group.attrs))
        metadata: dict[str, Any] = {key: record.get(key) for key in METADATA}
        metadata["periodic"] = tuple(record["periodic"])
        metadata["source"] = record["source"] or f"{store}/{name}"
        if record["potential"] is not None:
            metadata["potential"] = Potential.model_validate(record["potential"])
        if record["relaxation_time"] is not None:
            metadata["relaxation_time"] = RelaxationTime(**record["relaxation_time"])
    except InputError:
        raise
    except ValidationError as error:
        raise InputError(
            "damaged: the potential is not one", source=store, field=name, found=error.title
        ) from error
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        # Codecs raise RuntimeError.
        raise InputError(f"damaged: {error}", source=store, field=name) from error
    return Configuration(**arrays, **metadata, predictions=predictions)


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
        If the path exists.
    """
    if path.exists():
        raise InputError("exists already; choose a new name", source=path)
    partial = path.with_name(f"{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    create_store(partial, **attributes)
    count = 0
    for name, configuration, split in configurations:
        write_configuration(partial, name, configuration, split)
        count += 1
    if path.name.endswith(ZIP_ENDING):
        pack(partial, path)
        shutil.rmtree(partial)
    else:
        partial.replace(path)
    return count
