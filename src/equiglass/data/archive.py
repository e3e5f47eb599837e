"""The files of a store, in a folder or in one zip file, and the records among them."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError
from ..files import partial_of, publish, write_whole
from .record import sealed, unsealed

FORMAT = "equiglass-store"
ZIP_ENDING = ".zarr.zip"
RECORD = "zarr.json"
MAX_RECORD = 2**24  # bytes; one with tabulated potentials has some hundred thousand
# What reading a damaged file raises: codecs RuntimeError, deep JSON RecursionError, which is one.
DAMAGE = (
    OSError, LookupError, TypeError, ValueError, RuntimeError, EOFError, MemoryError,
    ArithmeticError, AttributeError, zlib.error, struct.error, zipfile.BadZipFile,
)  # fmt: skip


class Files(Protocol):
    """The files of a store, by their path in it."""

    def configurations(self) -> list[str]:
        """The names of all configurations."""

    def sizes(self, name: str) -> dict[str, int]:
        """The bytes that each file of a configuration has on the disk, by its path in it."""

    def read(self, file: str, limit: int | None = None) -> bytes:
        """The content of a file, or its first ``limit`` bytes."""

    def opened(self) -> Any:
        """What Zarr reads from."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self.root = root

    def configurations(self) -> list[str]:
        return [p.name for p in self.root.iterdir() if p.is_dir() and p.name[0] != "."]

    def sizes(self, name: str) -> dict[str, int]:
        base = self.root / name
        files = (p for p in base.rglob("*") if p.name[0] != "." and p.is_file())
        return {p.relative_to(base).as_posix(): p.stat().st_size for p in files}

    def read(self, file: str, limit: int | None = None) -> bytes:
        path = self.root / file
        if not path.is_file():  # a pipe would wait for ever
            raise FileNotFoundError(f"there is no {file}")
        with path.open("rb") as content:
            return content.read(-1 if limit is None else limit)

    def opened(self) -> Any:
        from zarr.storage import LocalStore

        return LocalStore(self.root, read_only=True)


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self.archive = path, archive
        self.store: Any = None

    def configurations(self) -> list[str]:
        # Whatever lies in a folder: one without its record is damaged, not absent.
        folders = {m.partition("/")[0] for m in self.archive.namelist() if "/" in m}
        return [name for name in folders if name[:1] != "." and name != "__MACOSX"]

    def sizes(self, name: str) -> dict[str, int]:
        # Compressed: what is declared of it may be anything.
        start = f"{name}/"
        return {
            m.filename.removeprefix(start): m.compress_size
            for m in self.archive.infolist()
            if m.filename.startswith(start) and not m.is_dir()
        }

    def read(self, file: str, limit: int | None = None) -> bytes:
        with self.archive.open(file) as content:
            return content.read(-1 if limit is None else limit)  # a whole one: the CRC is checked

    def opened(self) -> Any:
        from zarr.storage import ZipStore

        if self.store is None:
            self.store = ZipStore(self.path, mode="r")
        return self.store


@contextmanager
def files_of(store: Path) -> Iterator[Files]:
    """The files of a store, for reading."""
    if not is_zip(store):
        yield _Folder(store)
        return
    with zipfile.ZipFile(store) as archive:
        # What a member says of its size is allocated when it is read.
        if sum(member.compress_size for member in archive.infolist()) > store.stat().st_size:
            raise zipfile.BadZipFile("its members state more bytes than the file has")
        files = _Zip(store, archive)
        try:
            yield files
        finally:
            if files.store is not None:
                files.store.close()


def is_zip(store: Path) -> bool:
    """Whether a path is, or would be, a store of one file."""
    return store.is_file() or (store.name.endswith(ZIP_ENDING) and not store.is_dir())


def is_store(path: Path) -> bool:
    """Whether a folder or a zip file is an equiglass store."""
    try:
        return bool(attributes_of(path).get("format") == FORMAT)
    except InputError:
        return False


def read_json(files: Files, file: str) -> dict[str, Any]:
    """A JSON object among the files of a store.

    Raises
    ------
    ValueError
        If it is none, or too large to be one of ours; reading it may raise :data:`DAMAGE`.
    """
    text = files.read(file, MAX_RECORD + 1)
    if len(text) > MAX_RECORD:
        raise ValueError(f"{file} is too large")
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no object")
    return content


def _record(files: Files, name: str) -> dict[str, Any]:
    content = read_json(files, f"{name}/{RECORD}".lstrip("/"))
    attributes = content.get("attributes")
    if not isinstance(attributes, dict) or content.get("node_type") != "group":
        raise ValueError("no record of a group")
    return unsealed(attributes)


def records(store: Path, names: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """What is recorded about each configuration, as it was written, by name and in order.

    Parameters
    ----------
    names
        Only of these; ``""`` is the store itself.

    Raises
    ------
    InputError
        If a record is missing or damaged.
    """
    name = None
    try:
        with files_of(store) as files:
            found = {}
            for name in sorted(files.configurations() if names is None else names):
                found[name] = _record(files, name)
            return found
    except DAMAGE as error:
        raise InputError(
            f"not a readable store: {one_line(error)}", source=store, field=name or None
        ) from error


def attributes_of(store: Path) -> dict[str, Any]:
    """What is recorded about the store as a whole, as it was written.

    Raises
    ------
    InputError
        If the path is no Zarr store, or a damaged one.
    """
    return records(store, [""])[""]


def one_line(error: BaseException) -> str:
    """What an error says, short and on one line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())[:200] or type(error).__name__


def write_attributes(group: Path, attributes: dict[str, Any]) -> None:
    """Replace the record of a group; a reader sees the old or the new one, never half of one."""
    file = group / RECORD
    content = json.loads(file.read_text())
    content["attributes"] = sealed(attributes)
    write_whole(file, json.dumps(content, indent=2).encode())


def pack(folder: Path, target: Path) -> None:
    """One zip file of a store folder, the same bytes whenever its content is the same.

    Arrays are compressed already and stored as they are; records are deflated. Written beside
    its final name and renamed.
    """
    partial = partial_of(target)
    try:
        with partial.open("wb") as out:
            with zipfile.ZipFile(out, "w") as archive:
                for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                    member = zipfile.ZipInfo(file.relative_to(folder).as_posix())  # dated 1980
                    packed = zipfile.ZIP_DEFLATED if file.name == RECORD else zipfile.ZIP_STORED
                    member.compress_type = packed
                    archive.writestr(member, file.read_bytes())
            out.flush()
            os.fsync(out.fileno())
        publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)
