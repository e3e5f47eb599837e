"""How the process asks the system for memory."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of glibc's mallopt(3), and the variables that set them for a process from outside.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_KEEPING = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 2**28}
_DEFAULTS = {_MMAP_MAX: 65_536, _TRIM_THRESHOLD: 128 * 1024, _TOP_PAD: 128 * 1024}
_VARIABLES = {
    _MMAP_MAX: "MALLOC_MMAP_MAX_",
    _TRIM_THRESHOLD: "MALLOC_TRIM_THRESHOLD_",
    _TOP_PAD: "MALLOC_TOP_PAD_",
}
_depth = 0


def _libc() -> ctypes.CDLL | None:
    """The C library, where it is glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _keep(libc: ctypes.CDLL) -> bool:
    # Every one of them is set, also where another could not be.
    taken = [libc.mallopt(parameter, value) == 1 for parameter, value in _KEEPING.items()]
    return all(taken)


def _outside(parameter: int) -> int:
    text = os.environ.get(_VARIABLES[parameter], "")
    return int(text) if text.isdecimal() else _DEFAULTS[parameter]


@contextmanager
def kept_freed_memory() -> Iterator[bool]:
    """Make glibc keep freed memory for the next allocation; elsewhere do nothing.

    Training frees and asks for the same tens of megabytes at every step. By default glibc gives
    each large block back to the system and gets it again page by page, zeroed, which costs as much
    as the arithmetic on it (docs/performance.md).

    At the end of the outermost context, glibc's defaults or those of the environment
    (``MALLOC_MMAP_MAX_``, ``MALLOC_TRIM_THRESHOLD_``, ``MALLOC_TOP_PAD_``) are set again, and
    what is free goes back to the system. One thing cannot be restored: glibc adapts the size from
    which blocks are mapped one by one to what a process frees, and stops to do so, for good, when
    any of these parameters has been set. That size stays what it was when the context began.

    Yields
    ------
    Whether it took effect.
    """
    global _depth
    libc = _libc()
    if libc is None:
        yield False
        return
    _depth += 1
    try:
        yield _keep(libc)
    finally:
        _depth -= 1
        if _depth == 0:
            for parameter in _KEEPING:
                libc.mallopt(parameter, _outside(parameter))
            libc.malloc_trim(0)
