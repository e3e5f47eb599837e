"""How much memory there is to use, and how the process asks the system for it."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

GB = 10**9
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": GB, "TB": 10**12}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

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


def parse_memory(text: str | int) -> int:
    """An amount of memory in bytes, from ``8GB``, ``500 MB``, ``2.5GiB`` or a number of bytes.

    Raises
    ------
    InputError
        For anything else, and for nothing at all.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        amount = text
    else:
        found = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([A-Za-z]+)\s*", str(text))
        unit = {name.lower(): size for name, size in _UNITS.items()}.get(
            found[2].lower() if found else ""
        )
        if found is None or unit is None:
            raise InputError(
                "not an amount of memory",
                field="memory",
                expected=f"a number and one of {', '.join(_UNITS)}, such as 8GB",
                found=repr(text),
            )
        amount = int(float(found[1]) * unit)
    if amount <= 0:
        raise InputError("must be more than nothing", field="memory", found=repr(text))
    return amount


def resident_memory() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):  # pragma: no cover - not on Linux
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def available_memory() -> int:
    """Bytes that this process may still take: of the machine, and of its control group."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, ValueError, LookupError):  # pragma: no cover - not on Linux
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            group = Path("/sys/fs/cgroup")
            left = int((group / limit).read_text()) - int((group / used).read_text())
        except (OSError, ValueError):  # none, or "max"
            continue
        free = min(free, max(left, 0))
    return free


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
