"""What training together costs: one process against two with the same batch, on this machine.

    python benchmarks/processes.py --data DATA [--epochs 4] [--json FILE]

Both train the same network on the thermal positions of the data, on the CPU with one thread for
each process: one process with two configurations a step, two processes (gloo) with one each. The
time is that of an epoch after the first, validation, checkpoints and logs with it, start-up not,
from the events of the logs: the least and the median. What is the same for any number of
processes weighs little where an epoch lasts ten seconds or more, as with the ten public files of
4096 particles; with two validation configurations each process has one. `alone_s` is an epoch of
one process while a second, independent one trains the same: what the machine itself allows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import yaml

PLAIN = {"graph": "thermal", "energies": [], "displacements": []}


def epoch_seconds(run: Path) -> list[float]:
    """Times between two validations."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = (run / "logs").glob("events.out.tfevents.*")
    times = [e.wall_time for e in EventAccumulator(str(file)).Reload().Scalars("validation_rho")]
    return [b - a for a, b in pairwise(times)]


def start(
    folder: Path, name: str, options: argparse.Namespace, *, processes: int, batch: int
) -> subprocess.Popen[bytes]:
    settings = {
        "data": {"path": options.data, "validation_fraction": 0.2},
        "model": {"inputs": PLAIN, "layers": 8, "parity": False},
        "optimizer": {"epochs": options.epochs, "batch_size": batch},
    }
    config = folder / f"{name}.yaml"
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "equiglass", "train", str(config), "-o", str(folder / name)]
    return subprocess.Popen(
        [*command, "--device", "cpu", "--devices", str(processes)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def end(*started: subprocess.Popen[bytes]) -> None:
    for process in started:
        if process.wait():
            raise RuntimeError(f"{process.args} ended with {process.returncode}")


def main() -> None:
    from equiglass.data.dataset import read

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", default="ka3d", help="with labels; two or more validate")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if Path(options.data).exists():
        options.data = str(Path(options.data).absolute())
    data = read(options.data)
    found: dict[str, list[float]] = {}
    loads = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        end(start(folder, "one", options, processes=1, batch=2))
        end(start(folder, "two", options, processes=2, batch=1))
        # Two at once that know nothing of each other.
        end(*(start(folder, n, options, processes=1, batch=2) for n in ("first", "second")))
        found = {n: epoch_seconds(folder / n) for n in ("one", "two", "first", "second")}
    loads.append(os.getloadavg()[0])
    one, two = found["one"], found["two"]
    result = {
        "data": data.fingerprint(),
        "configurations": len(data),
        "particles": len(data[0]),
        "epochs": options.epochs,
        "one_process_s": min(one),
        "two_processes_s": min(two),
        "alone_s": min(found["first"] + found["second"]),
        "median_s": {n: statistics.median(seconds) for n, seconds in found.items()},
        "speed-up": min(one) / min(two),
        "load": loads,
    }
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
