"""What labels cost: core-seconds of dynamics for a unit of time, and of a quench.

    python benchmarks/dynamics.py [--json FILE] [--repeats 5]

Two copies side by side of a packaged configuration (Kob-Andersen, T = 0.64, N = 2000 together),
one thread, LAMMPS as `simulate` runs it. The least processor time of several repetitions, since
other work on the machine only adds to it.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from equiglass.data.accuracy import PREDICTION, REFERENCE
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.simulation.engine import open_engine
from equiglass.simulation.quench import quench_configuration

TIMESTEP, LENGTH, TEMPERATURE = 0.005, 4.0, 0.64


def doubled(configuration: Configuration) -> Configuration:
    """The configuration and a periodic copy of it."""
    c = configuration
    shift = np.array([c.box[0], 0.0, 0.0])
    return Configuration(
        types=np.tile(c.types, 2),
        box=c.box * [2, 1, 1],
        positions=np.concatenate([c.positions, c.positions + shift]),
        potential=KOB_ANDERSEN,
    )


def least(work: Callable[[], object], repeats: int) -> float:
    """Least processor time of several repetitions, seconds."""
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    c = doubled(read(f"ka3d@{TEMPERATURE:g}")[0])
    with open_engine("lammps", c, KOB_ANDERSEN) as engine:
        engine.draw_velocities(TEMPERATURE, 1)
        engine.thermostat(TEMPERATURE, TEMPERATURE)
        # The copies drift apart before anything is timed.
        engine.run(round(5 * LENGTH / TIMESTEP), TIMESTEP)
        c = c.replace(positions=engine.positions)
        dynamics = least(lambda: engine.run(round(LENGTH / TIMESTEP), TIMESTEP), options.repeats)
    record = {
        "n_particles": len(c),
        "temperature": TEMPERATURE,
        "timestep": TIMESTEP,
        "machine": platform.machine(),
        "seconds_per_tau": dynamics / LENGTH,
        "quench_seconds": {
            a.name: least(lambda a=a: quench_configuration(c, KOB_ANDERSEN, a), options.repeats)  # type: ignore[misc]
            for a in (REFERENCE, PREDICTION)
        },
    }
    text = json.dumps(record, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
