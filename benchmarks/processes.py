"""What training together costs: one process against two with the same batch, on this machine.

    python benchmarks/processes.py [--epochs 3] [--json FILE]

Both train the same network on the packaged quickstart data, on the CPU with one thread for each
process: one process with two configurations a step, two processes (gloo) with one each. The time is
that of an epoch after the first, from the events of the logs.
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


def epoch_seconds(run: Path) -> float:
    """Median time between two validations."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = (run / "logs").glob("events.out.tfevents.*")
    times = [e.wall_time for e in EventAccumulator(str(file)).Reload().Scalars("validation_rho")]
    return statistics.median(b - a for a, b in pairwise(times))


def train(folder: Path, processes: int, epochs: int) -> float:
    settings = {
        "data": {"path": "ka3d_quickstart", "validation_fraction": 0.2},
        "model": {"inputs": PLAIN, "layers": 8, "parity": False},
        "optimizer": {"epochs": epochs, "batch_size": 2 // processes},
    }
    config, run = folder / f"{processes}.yaml", folder / f"run{processes}"
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "equiglass", "train", str(config), "-o", str(run)]
    subprocess.run(
        [*command, "--device", "cpu", "--devices", str(processes)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    return epoch_seconds(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = {n: train(Path(folder), n, options.epochs) for n in (1, 2)}
    result = {
        "one_process_s": seconds[1],
        "two_processes_s": seconds[2],
        "speed-up": seconds[1] / seconds[2],
        "epochs": options.epochs,
    }
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
