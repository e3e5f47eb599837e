"""How the process asks the system for memory."""

from __future__ import annotations

import ctypes
import sys

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for the next allocation; elsewhere do nothing.

    Training frees and asks for the same tens of megabytes at every step. By default glibc gives
    each large block back to the system and gets it again page by page, zeroed, which costs as much
    as the arithmetic on it (docs/performance.md).

    Returns
    -------
    Whether it took effect.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28))
    return all(mallopt(*setting) == 1 for setting in settings)
