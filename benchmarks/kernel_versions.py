"""Time of the CPU kernel in two versions of this repository, in turn on one machine.

    python benchmarks/kernel_versions.py BEFORE AFTER
        [--rounds 12] [--json docs/results/kernel_versions.json]

BEFORE and AFTER are revisions of git. Of each, csrc/ alone is taken and built, with the compiler
and options of an installation, and timed through its plain interface: 1024 receivers of 39 edges
in one thread, the least processor time of many runs. The two programs run in turn, with each
instruction set that the machine has, so that what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCES = ("csrc", "src/equiglass/kernels/clebsch_gordan.csv")
SHAPES = ((2, 16), (3, 8))
INSTRUCTION_SETS = ("avx512", "avx2", "baseline")
TIMES = ("forward_ns", "backward_ns", "map_ns")


def output(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout


def built(revision: str, folder: Path) -> Path:
    """The program that times a version."""
    sources, build = folder / "sources", folder / "build"
    with tarfile.open(fileobj=BytesIO(output("git", "archive", revision, *SOURCES))) as archive:
        archive.extractall(sources, filter="data")
    here = Path(__file__).with_suffix("")
    output("cmake", "-S", str(here), "-B", str(build), f"-DEQUIGLASS_ROOT={sources}")
    output("cmake", "--build", str(build), "--parallel", "2")
    return build / "timing"


def timed(program: Path, isa: str, shape: tuple[int, int], rounds: int) -> dict[str, Any]:
    command = [str(program), *map(str, shape), str(rounds)]
    environment = {**os.environ, "EQUIGLASS_ISA": isa}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def compared(programs: dict[str, Path], isa: str, rounds: int) -> list[dict[str, Any]]:
    """A row for each shape; none where the machine has not the instruction set."""
    rows = []
    for l_max, channels in SHAPES:
        least: dict[str, dict[str, float]] = {}
        for _ in range(rounds):
            for name, program in programs.items():
                found = timed(program, isa, (l_max, channels), 10)
                if found["instruction_set"] != isa:
                    return []
                best = least.setdefault(name, {key: float("inf") for key in TIMES})
                for key in TIMES:
                    best[key] = min(best[key], found[key])
        rows.append({"instruction_set": isa, "l_max": l_max, "channels": channels, **least})
        print(rows[-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    revisions = {
        name: output("git", "rev-parse", "--short", getattr(options, name)).decode().strip()
        for name in ("before", "after")
    }
    with tempfile.TemporaryDirectory() as folder:
        programs = {k: built(r, Path(folder) / k) for k, r in revisions.items()}
        rows = [row for isa in INSTRUCTION_SETS for row in compared(programs, isa, options.rounds)]
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.processor(),
    )  # fmt: skip
    result = {"processor": model, "revisions": revisions, "rows": rows}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
