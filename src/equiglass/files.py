"""Files that are there whole or not at all, whenever a process or the machine stops.

What is being written has a hidden name of its own beside its final one, ending in ``.partial``,
with the machine and process that write it. Two processes never share one, and what a process left
that was killed is known and removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .errors import InputError

PARTIAL = ".partial"
_SYNC_THREADS = 8


def machine() -> str:
    """The name of this machine, without dots."""
    return socket.gethostname().partition(".")[0] or "unknown"


def partial_of(target: Path) -> Path:
    """A name beside ``target`` that no other process writes to: of a file or a folder."""
    owner = f"{machine()}.{os.getpid()}.{secrets.token_hex(4)}"
    return target.with_name(f".{target.name}.{owner}{PARTIAL}")


def remove_stale(folder: Path, name: str | None = None) -> None:
    """Remove what processes of this machine were writing in ``folder`` when they died.

    What another machine left stays: whether its process runs cannot be known from here.

    Parameters
    ----------
    name
        Only partial results for this final name.
    """
    if not folder.is_dir():
        return
    for path in folder.glob(f".*{PARTIAL}"):
        parts = path.name.removesuffix(PARTIAL)[1:].rsplit(".", 3)
        if len(parts) != 4 or not parts[2].isdigit():
            continue
        final, host, pid, _ = parts
        if host == machine() and name in (None, final) and not _runs(int(pid)):
            remove(path)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def remove(path: Path) -> None:
    """Remove a file or a folder, or nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until everything below a folder is on the disk."""
    # Disks answer several at once in the time of one.
    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        list(pool.map(sync, [folder, *folder.rglob("*")]))


def check_place(target: Path) -> None:
    """Whether a result may take this place: of nothing, of a file or folder, or of a link to one.

    Renaming would put a file in the place of a device or a pipe, ``/dev/null`` among them.

    Raises
    ------
    InputError
        If something else is there, or the path cannot be one.
    """
    if "\0" in str(target):
        raise InputError("cannot be the name of a file", source=target)
    if not os.path.lexists(target):
        return
    try:
        mode = target.stat().st_mode
    except OSError as error:
        raise InputError(f"is a link to nothing: {error.strerror}", source=target) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(
            "is neither a file nor a folder", source=target, expected="a place for a result"
        )


def try_place(target: Path) -> None:
    """Write and remove an empty file beside ``target``, as its result will be written.

    Permissions do not say all: of system folders, full disks, or names that leave no room.

    Raises
    ------
    OSError
        As writing would.
    """
    partial = partial_of(target)
    try:
        partial.touch()
    finally:
        partial.unlink(missing_ok=True)


def publish(partial: Path, target: Path) -> None:
    """Give what is whole and on the disk its final name; it has it even if the power fails now.

    Raises
    ------
    InputError
        If a device, a pipe or a broken link is there.
    """
    check_place(target)
    partial.replace(target)
    sync(target.parent)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file: who reads it, also after a crash, finds the old content or the new."""
    partial = partial_of(file)
    try:
        with partial.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        publish(partial, file)
    finally:
        partial.unlink(missing_ok=True)
