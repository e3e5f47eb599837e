"""Opening files from strangers: regular files only, and no more read of them than they may hold."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from .errors import InputError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file, or a link to one, for reading.

    A pipe would wait for its writer for ever, and a device can have no end.

    Raises
    ------
    InputError
        If it is not there, not readable or no regular file.
    """
    # Whoever can exchange the file between a look at it and its opening gains nothing here.
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be opened: {reason}", source=path) from error
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        raise _refused(path, mode)
    return os.fdopen(number, "rb")


def regular_size(path: str | os.PathLike[str]) -> int:
    """Bytes of a regular file, or of the one a link leads to: for libraries that open it by name.

    Raises
    ------
    InputError
        If it is not there or no regular file.
    """
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be opened: {reason}", source=path) from error
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, status.st_mode)
    return status.st_size


def read_limited(path: str | os.PathLike[str], limit: int, kind: str) -> bytes:
    """The content of a regular file that must be small.

    Parameters
    ----------
    limit
        Bytes that it may have.
    kind
        What the file should be, in words.

    Raises
    ------
    InputError
        If it cannot be read or is larger.
    """
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise InputError(
            f"too large for {kind}", source=path, expected=f"at most {limit} bytes",
            found=Path(path).stat().st_size,
        )  # fmt: skip
    return content


def _refused(path: str | os.PathLike[str], mode: int) -> InputError:
    return InputError(
        "not a regular file", source=path, found=KINDS.get(stat.S_IFMT(mode), "another kind")
    )
