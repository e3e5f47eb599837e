"""Amounts of memory, limits, and an allocator that keeps freed memory no longer than asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from equiglass.errors import InputError
from equiglass.memory import available_memory, parse_memory, resident_memory

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


@pytest.mark.parametrize(
    ("text", "found"),
    [("8GB", 8 * 10**9), ("500 MB", 5 * 10**8), ("2.5GiB", 5 * 2**29), ("1tb", 10**12), (7, 7)],
)
def test_amounts_of_memory(text: str | int, found: int) -> None:
    assert parse_memory(text) == found


@pytest.mark.parametrize("text", ["8", "GB", "", "-1GB", "8 bytes", "1e3GB", "0GB", 0, "٣GB"])
def test_what_is_no_amount_is_said_in_one_line(text: str | int) -> None:
    with pytest.raises(InputError, match="memory: ") as error:
        parse_memory(text)
    assert "\n" not in str(error.value)


LIMITED = """
import sys
import torch
from pathlib import Path
from equiglass.memory import resident_memory
from equiglass.models.inputs import InputSpec
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_liquid

torch.set_num_threads(int(sys.argv[1]))
config = SE3Config(
    inputs=InputSpec(graph="thermal", energies=(), displacements=()), l_max=1, channels=8, layers=2
)
model, liquid = PropensityModel(config, 2, (1.0,)), make_liquid(40_000)
plan = model.budget(liquid, 8_000)
limit = plan.needed + plan.edges // 2
model.predict(liquid, slab_size=8_000, memory=limit)
peak = 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
assert peak <= limit, (peak, limit, plan)
assert peak > 0.6 * limit, (peak, limit, plan)  # the estimate is no wild guess either
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_a_limit_is_honoured(threads: int) -> None:
    subprocess.run([sys.executable, "-c", LIMITED, str(threads)], check=True, timeout=300)


def test_what_the_system_says() -> None:
    assert 10**7 < resident_memory() < 10**11 and available_memory() > 10**6
