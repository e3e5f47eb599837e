"""Time and memory of `equiglass predict` from 4096 to a million particles.

    python benchmarks/scale.py [--json FILE] [--sizes 4096 262144 1048576]

Periodic copies of one configuration of 4096 particles, through the command line, each in a process
of its own, with the network of 8 layers, 8 channels, l <= 3 and all SO(3) paths and new
weights. Every copy of a particle must get the prediction of the small configuration, which was not
cut into slabs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from network import PLAIN, liquid_like

from equiglass.data.configuration import Configuration
from equiglass.data.store import write_store
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config

# A process that runs the command line and reports its own peak memory.
COMMAND = """
import sys, runpy
from pathlib import Path
from equiglass.cli.main import main
try:
    main()
except SystemExit as status:
    if status.code:
        raise
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
Path(sys.argv[-1] + ".peak").write_text(peak)
"""


def tiled(n: int) -> tuple[Configuration, int]:
    """``n`` particles from periodic copies of 4096, and the number of copies."""
    positions, box = liquid_like(4096)
    copies = [1, 1, 1]
    while 4096 * np.prod(copies) < n:
        copies[int(np.argmin(copies))] *= 2
    count = int(np.prod(copies))
    shifts = np.stack(np.meshgrid(*map(range, copies), indexing="ij"), -1).reshape(-1, 3)
    everything = (positions[None] + shifts[:, None] * box).reshape(-1, 3)
    types = np.tile((np.arange(4096) % 5 == 4).astype(np.int64), count)
    return Configuration(types=types, box=box * copies, positions=everything), count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[4096, 262_144, 1_048_576])
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    torch.manual_seed(0)
    config = SE3Config(inputs=PLAIN, layers=8, parity=False, gate=False, skip="concatenate")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        PropensityModel(config, 2, [float(k + 1) for k in range(10)]).save(folder / "model")
        reference = None
        for n in options.sizes:
            configuration, count = tiled(n)
            store = folder / f"{n}.zarr"
            write_store(store, [("00000", configuration, None)])
            output = folder / f"{n}.npz"
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", COMMAND, "predict", folder / "model", store, "-o", output],
                check=True,
            )
            seconds = time.perf_counter() - start
            predicted = np.load(output)["predicted_propensity"][0]
            if reference is None:
                reference = predicted
            same = predicted.reshape(len(predicted), count, -1) - reference[:, None]
            rows.append(
                {
                    "n_particles": len(configuration),
                    "seconds": seconds,
                    "microseconds_per_particle": 1e6 * seconds / len(configuration),
                    "peak_memory_gb": int(Path(f"{output}.peak").read_text()) / 1024**2,
                    "largest_difference": float(np.abs(same).max() / np.abs(reference).max()),
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps({"rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
