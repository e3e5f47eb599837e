"""Runs of a small Kob-Andersen liquid in which the truth about single-run labels is known.

    python tools/single_run_data.py OUT.npz [--temperature 0.7 --frames 30 --pairs 4 --lags ...]

One equilibrium run whose positions are kept at even spacing; from some of its frames further runs,
in pairs: velocities v, drawn from Maxwell and Boltzmann, and -v. What the run did before a frame
is what a run from there with reversed velocities does, so that a pair shows how far the label of
a frame and the label of the same frame in the run backwards are two draws of its propensity.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.geometry.periodic import wrap
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.seeds import lammps_seed

Array = NDArray[np.float64]
TIMESTEP, DENSITY, SHARE_B = 0.005, 1.2, 0.2


def random_start(n: int, rng: np.random.Generator) -> Configuration:
    """Particles of both types at random places."""
    length = (n / DENSITY) ** (1 / 3)
    types = (np.arange(n) >= round((1 - SHARE_B) * n)).astype(np.int64)
    return Configuration(
        types, np.full(3, length), rng.uniform(0, length, (n, 3)), potential=KOB_ANDERSEN
    )


def long_run(
    start: Configuration, temperature: float, seed: int, equilibration: float, n: int, every: float
) -> Array:
    """(n, N, 3) unwrapped positions of a run in equilibrium, ``every`` tau_LJ apart."""
    with LammpsEngine(start, KOB_ANDERSEN) as engine:
        engine.soften_and_separate()
        engine.draw_velocities(2.0, seed)
        engine.thermostat(2.0, 2.0)
        engine.run(round(20 / TIMESTEP), TIMESTEP)
        engine.thermostat(2.0, temperature)
        engine.run(round(20 / TIMESTEP), TIMESTEP)
        engine.thermostat(temperature, temperature)
        engine.run(round(equilibration / TIMESTEP), TIMESTEP)
        frames = [engine.unwrapped]
        for _ in range(n - 1):
            engine.run(round(every / TIMESTEP), TIMESTEP)
            frames.append(engine.unwrapped)
    return np.stack(frames)


def paired_runs(
    frame: Configuration, temperature: float, lags: tuple[float, ...], pairs: int, seed: int
) -> Array:
    """(pairs, 2, lags, N) of |r(t) - r(0)|, with velocities v and -v."""
    lengths = np.empty((pairs, 2, len(lags), len(frame)))
    for p in range(pairs):
        velocities: Array | None = None
        for sign in (0, 1):
            with LammpsEngine(frame, KOB_ANDERSEN) as engine:
                begin = engine.unwrapped
                if velocities is None:
                    engine.draw_velocities(temperature, seed + p)
                    velocities = engine.velocities
                else:
                    engine.set_velocities(-velocities)
                engine.thermostat(temperature, temperature)
                done = 0
                for k, lag in enumerate(lags):
                    steps = round(lag / TIMESTEP)
                    engine.run(steps - done, TIMESTEP)
                    done = steps
                    lengths[p, sign, k] = np.linalg.norm(engine.unwrapped - begin, axis=1)
    return lengths


def simulate(options: argparse.Namespace) -> dict[str, Any]:
    """The arrays that are written."""
    rng = np.random.default_rng(options.seed)
    start = random_start(options.particles, rng)
    lags = tuple(options.lags)
    apart = round(options.apart / options.every)
    margin = round(lags[-1] / options.every)
    n = 2 * margin + (options.frames - 1) * apart + 1
    positions = long_run(
        start, options.temperature, lammps_seed(rng), options.equilibration, n, options.every
    )
    chosen = margin + apart * np.arange(options.frames)
    lengths = []
    for k in chosen:
        frame = start.replace(positions=wrap(positions[k], start.box))
        seed = lammps_seed(rng)
        lengths.append(paired_runs(frame, options.temperature, lags, options.pairs, seed))
        print(f"frame {k} of {n}", flush=True)
    return {
        "types": start.types,
        "box": start.box,
        "temperature": options.temperature,
        "every": options.every,
        "positions": positions,
        "frames": chosen,
        "lags": np.array(lags),
        "lengths": np.stack(lengths).astype(np.float32),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--particles", type=int, default=500)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--frames", type=int, default=30, help="from which runs start")
    parser.add_argument("--apart", type=float, default=20.0, help="time between these, tau_LJ")
    parser.add_argument("--every", type=float, default=0.5, help="time between kept frames")
    parser.add_argument("--pairs", type=int, default=4, help="of runs with v and -v")
    parser.add_argument("--lags", type=float, nargs="+", default=[0.1, 0.5, 1, 2, 5, 10])
    parser.add_argument("--equilibration", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with options.output.open("wb") as file:
        np.savez(file, **simulate(options))


if __name__ == "__main__":
    main()
