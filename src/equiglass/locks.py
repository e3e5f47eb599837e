"""One process at a time writes an output; the second hears who holds it, before any work.

The lock is one of the operating system (``flock``) on a file ``.NAME.lock`` beside the output: it
ends with the process that holds it, however that ends. Readers take no lock.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import inspect
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from .errors import AssumptionWarning, InputError
from .files import machine

P = ParamSpec("P")
R = TypeVar("R")
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Be the only process that writes an output, until the context is left.

    Folders above the output are made, and removed again where they stay empty.

    Raises
    ------
    InputError
        If another process holds it, or the lock cannot be made.

    Warns
    -----
    AssumptionWarning
        If the file system has no locks, as network file systems may be set up.
    """
    output = output.absolute()
    made = [p for p in output.parents if not p.exists()]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        descriptor, file = _acquire(output)
    except OSError as error:
        raise InputError(f"cannot be locked: {error.strerror}", source=output) from error
    try:
        yield
    finally:
        # While it is held: whoever opened it meanwhile sees that it is gone, and begins again.
        with suppress(OSError):
            file.unlink()
        os.close(descriptor)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def only_writer(
    parameter: str, *, unless: Callable[[], bool] = lambda: False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function during whose call no other process writes the output that an argument names.

    Parameters
    ----------
    parameter
        Name of the argument, a path; None there needs no lock.
    unless
        Whether this process leaves the lock to another one that works with it.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def locked(*args: P.args, **kwargs: P.kwargs) -> R:
            output = signature.bind(*args, **kwargs).arguments.get(parameter)
            if output is None or unless():
                return function(*args, **kwargs)
            with writing(Path(output)):
                return function(*args, **kwargs)

        return locked

    return decorate


def _acquire(output: Path) -> tuple[int, Path]:
    """The open lock file of an output, held."""
    file = output.with_name(f".{output.name}.lock")
    while True:
        try:
            descriptor = _open(file)
        except PermissionError:
            # A folder in a place that may not be written to, such as a mounted volume.
            if not output.is_dir() or file.parent == output:
                raise
            file = output / ".lock"
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise InputError(
                f"is being written by {holder}; wait for it, or choose another output",
                source=output,
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(descriptor)
                raise
            warnings.warn(
                f"{output}: the file system has no locks; nothing else may write this output now",
                AssumptionWarning,
                stacklevel=5,
            )
            return descriptor, file
        if _is_still(descriptor, file):
            break
        os.close(descriptor)  # removed by the one that held it
    since = datetime.now(UTC).isoformat(timespec="seconds")
    content = json.dumps({"pid": os.getpid(), "host": machine(), "since": since}).encode()
    with suppress(OSError):  # says who, and holds without
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
    return descriptor, file


def _open(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except PermissionError:
        return os.open(file, os.O_RDONLY)  # of another user


def _is_still(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
