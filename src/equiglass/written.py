"""The one way in which a file is written: whole or not there; and read with errors that name it."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import check_place, partial_of, publish, remove_stale, sync
from .opening import read_limited

MAX_BYTES = 1 << 26  # of a record that is read
# What the system says when a disk is full or broken.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """The path to write to; at the end that is on the disk and takes the file's place, at once.

    Who reads the file, also after a crash, finds what was there before or what is there now. The
    path lies in the same folder, does not end as the file does, and is gone where writing failed.

    Raises
    ------
    InputError
        If it cannot be written: the disk is full, or broken, the folder is not there, or a
        device is in its place.
    """
    check_place(file)
    partial = partial_of(file)
    try:
        with naming(file):
            remove_stale(file.parent, file.name)
            yield partial
            # The name must not reach the disk before the content does.
            sync(partial)
            publish(partial, file)
    finally:
        # It is not there after a renaming; after a failure, that is the error to report.
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def naming(place: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into an error that names file or folder.

    Raises
    ------
    InputError
        Instead of OSError, and of what serialisers in other languages make of it.
    """
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise unwritable(place, error) from error
    except Exception as error:
        reason = _system_error(error)
        if reason is None:
            raise
        raise InputError(f"cannot be written: {reason}", source=place) from error


def unwritable(place: Path, error: OSError) -> InputError:
    """What to say of a file or folder that cannot be written."""
    return InputError(f"cannot be written: {error.strerror or error}", source=place)


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file at once; see :func:`whole`."""
    with whole(file) as partial:
        partial.write_bytes(content)


def write_text(file: Path, text: str) -> None:
    """Write a text, in UTF-8, at once; see :func:`whole`."""
    write_bytes(file, text.encode())


def write_json(file: Path, content: Any) -> None:
    """Write JSON at once; numbers that are not finite, which JSON does not have, become null."""
    write_text(file, json_text(content))


def json_text(content: Any) -> str:
    """Content as JSON, where numbers that are not finite, which JSON does not have, are null."""
    return json.dumps(_finite(content), indent=2, allow_nan=False) + "\n"


def make_folder(folder: Path) -> Path:
    """Make a folder, and those above it, if it is not there.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises
    ------
    InputError
        If the file cannot be read, is cut off, or holds something else.
    """
    try:
        content = json.loads(read_limited(file, MAX_BYTES, "a record").decode())
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"damaged: {' '.join(str(error).split())}", source=file) from error
    if not isinstance(content, dict):
        raise InputError("damaged: no JSON object", source=file, found=type(content).__name__)
    return content


def _system_error(error: Exception) -> str | None:
    """The system's reason in an error of PyTorch's or safetensors' writers; None for others."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
        return cause.strerror
    reasons = (os.strerror(number) for number in DISK_ERRORS)
    found = next((reason for reason in reasons if reason in str(error)), None)
    if found is None and "file write failed" in str(error):
        return "file write failed"
    return found


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
