"""What a command costs before it does anything, beside the import of PyTorch that it cannot avoid.

    python benchmarks/startup.py [--rounds 7] [--python NAME=PYTHON ...] [--json FILE]

Each command runs in a process of its own, in turn, once in every round, and for each installation
that is named (by default the one that runs this); processor time of the whole process, the smallest
of the rounds, and the modules that it imported. ``predict`` reads a packaged configuration
of 1000 particles as extended xyz and its quench from the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = (
    "import sys; sys.argv = ['equiglass', *{words!r}]\nfrom equiglass.cli.main import main; main()"
)
COUNT = """
import atexit, sys
atexit.register(lambda: sys.stderr.write(f"\\n{len(sys.modules)}"))
"""
DATA, MODEL = "ka3d", "ka3d_t044"
SNAPSHOT = """
import io, sys, equiglass as eg
from equiglass.data.atoms import to_ase
import ase.io
c = eg.read(sys.argv[1])[0]
bare = c.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
ase.io.write(sys.argv[2], to_ase(bare), format="extxyz")
"""


def commands(folder: Path) -> dict[str, str]:
    """Code of each command, by name."""
    file, out = str(folder / "snapshot.extxyz"), str(folder / "out.extxyz")
    predict = ["predict", MODEL, file, "-o", out, "--cache", str(folder / "cache")]
    words = {"--version": ["--version"], "--help": ["--help"], "info": ["info", file],
             "predict": predict}  # fmt: skip
    return {"import torch": "import torch", "import equiglass": "import equiglass"} | {
        name: RUN.format(words=w) for name, w in words.items()
    }


def cost(python: str, code: str) -> tuple[float, int]:
    """Processor time of a process, s, and the modules that it imported."""
    counted = COUNT + code
    process = subprocess.Popen(
        [python, "-c", counted],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError(said)
    return usage.ru_utime + usage.ru_stime, int(said.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--python", action="append", help="NAME=PYTHON of an installation")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pythons = dict(p.split("=", 1) for p in options.python or [f"here={sys.executable}"])
    seconds: dict[tuple[str, str], list[float]] = {}
    modules: dict[tuple[str, str], int] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = [DATA, str(folder / "snapshot.extxyz")]
        subprocess.run([sys.executable, "-c", SNAPSHOT, *arguments], check=True)
        for k in range(-1, options.rounds):
            for which, python in pythons.items():
                for command, code in commands(folder).items():
                    spent, modules[which, command] = cost(python, code)
                    if k >= 0:  # the first fills the caches
                        seconds.setdefault((which, command), []).append(spent)
    rows = [
        {"installation": which, "command": command, "seconds": min(spent),
         "times_torch": min(spent) / min(seconds[which, "import torch"]),
         "modules": modules[which, command]}
        for (which, command), spent in seconds.items()
    ]  # fmt: skip
    for row in rows:
        print(
            f"{row['installation']:>8} {row['command']:<18} {row['seconds']:6.2f} s  "
            f"{row['times_torch']:5.2f} x torch  {row['modules']:5} modules"
        )
    if options.json:
        result = {"rounds": options.rounds, "threads": 1, "rows": rows}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
