"""The allocator keeps freed memory for as long as it is asked to, and no longer."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import ctypes
from pathlib import Path
import numpy as np
from equiglass.memory import kept_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def use():
    np.ones(2**23).sum()

def kept():
    before = resident()
    use()
    return resident() - before > 2**25

assert not kept()
with kept_freed_memory() as effective:
    assert effective
    with kept_freed_memory():
        use()
    at_work = resident()
    # Neither the inner context nor another allocation gives it back.
    assert not kept() and resident() >= at_work
    inside = resident()
assert inside - resident() > 2**25, "freed memory is still kept"
assert not kept()
try:
    with kept_freed_memory():
        raise KeyError
except KeyError:
    pass
assert not kept()
print("ended")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc")
def test_freed_memory_is_kept_inside_only() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True)
    assert done.stdout == "ended\n", done.stderr
