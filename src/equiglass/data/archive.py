"""One store on disk, as a folder or as one zip file: its names and records, without arrays."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import zarr

FORMAT = "equiglass-store"
ZIP_ENDING = ".zarr.zip"
RECORD = "zarr.json"


def is_zip(store: Path) -> bool:
    """Whether a path is, or would be, a store of one file."""
    return store.is_file() or (store.name.endswith(ZIP_ENDING) and not store.is_dir())


def is_store(path: Path) -> bool:
    """Whether a folder or a zip file is an equiglass store."""
    try:
        return bool(attributes_of(path)["format"] == FORMAT)
    except (InputError, KeyError, TypeError):
        return False


def _read_records(store: Path, names: list[str] | None) -> dict[str, dict[str, Any]]:
    """The attributes of the groups ``names`` (``""`` is the store), or of all configurations."""
    if is_zip(store):
        with zipfile.ZipFile(store) as archive:
            if names is None:
                parts = (member.split("/") for member in archive.namelist())
                names = [p[0] for p in parts if len(p) == 2 and p[1] == RECORD]
            texts = {name: archive.read(f"{name}/{RECORD}".lstrip("/")) for name in names}
    else:
        if names is None:
            names = [p.name for p in store.iterdir() if p.is_dir() and not p.name.startswith(".")]
        texts = {name: (store / name / RECORD).read_bytes() for name in names}
    return {name: json.loads(texts[name])["attributes"] for name in sorted(texts)}


def records(store: Path, names: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """What is recorded about each configuration, as it was written, by name and in order.

    Raises
    ------
    InputError
        If a record is missing or damaged.
    """
    try:
        return _read_records(store, names)
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(f"not a readable store: {error}", source=store) from error


def attributes_of(store: Path) -> dict[str, Any]:
    """What is recorded about the store as a whole, as it was written.

    Raises
    ------
    InputError
        If the path is no Zarr store, or a damaged one.
    """
    return records(store, [""])[""]


def write_attributes(group: Path, attributes: dict[str, Any]) -> None:
    """Replace the record of a group; a reader sees the old or the new one, never half of one."""
    file = group / RECORD
    content = json.loads(file.read_text())
    content["attributes"] = attributes
    partial = file.with_name(f".{RECORD}.tmp")
    partial.write_text(json.dumps(content, indent=2))
    partial.replace(file)


@contextmanager
def open_group(store: Path, name: str) -> Iterator[zarr.Group]:
    """One configuration's arrays, for reading."""
    import zarr
    from zarr.storage import ZipStore

    if not is_zip(store):
        yield zarr.open_group(store / name, mode="r")
        return
    archive = ZipStore(store, mode="r")
    try:
        yield zarr.open_group(archive, path=name, mode="r")
    finally:
        archive.close()


def pack(folder: Path, target: Path) -> None:
    """One zip file of a store folder, the same bytes whenever its content is the same.

    Arrays are compressed already and stored as they are; records are deflated. Written beside
    its final name and renamed.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                member = zipfile.ZipInfo(file.relative_to(folder).as_posix())  # dated 1980
                is_record = file.name == RECORD
                member.compress_type = zipfile.ZIP_DEFLATED if is_record else zipfile.ZIP_STORED
                archive.writestr(member, file.read_bytes())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
