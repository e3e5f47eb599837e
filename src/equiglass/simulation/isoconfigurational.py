"""Isoconfigurational ensembles: equilibrate, then many trajectories from the same positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from .config import SimulationConfig
from .lammps import LammpsEngine
from .potential import Potential

# Branches of the seed: preparation of configurations, and velocities of trajectories.
_PREPARE, _TRAJECTORY = 0, 1


def _rng(seed: int, *branch: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=branch))


def _lammps_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 900_000_000))


def random_start(config: SimulationConfig, index: int) -> Configuration:
    """Particles at random in a cubic box, at the wanted composition."""
    rng = _rng(config.seed, _PREPARE, index)
    length = (config.n_particles / config.density) ** (1 / 3)
    edges = np.round(np.cumsum(config.composition) * config.n_particles).astype(int)
    types = np.searchsorted(edges, np.arange(config.n_particles), side="right")
    return Configuration(
        types=types.astype(np.int64),
        box=np.full(3, length),
        positions=rng.random((config.n_particles, 3)) * length,
        index=index,
        source=f"simulated configuration {index}",
    )


def equilibrate(config: SimulationConfig, potential: Potential, index: int) -> Configuration:
    """Melt, cool and equilibrate configuration ``index``; a function of the seed alone."""
    rng = _rng(config.seed, _PREPARE, index, 1)
    steps = config.equilibration
    with LammpsEngine(random_start(config, index), potential) as engine:
        engine.soften_and_separate()
        engine.draw_velocities(steps.melt_temperature, _lammps_seed(rng))
        for start, stop, time in (
            (steps.melt_temperature, steps.melt_temperature, steps.melt_time),
            (steps.melt_temperature, config.temperature, steps.cool_time),
            (config.temperature, config.temperature, steps.time),
        ):
            engine.thermostat(start, stop)
            engine.run(round(time / config.timestep), config.timestep)
        return random_start(config, index).replace(
            positions=engine.positions, temperature=config.temperature
        )


def trajectory(
    configuration: Configuration, config: SimulationConfig, potential: Potential, number: int
) -> NDArray[np.float64]:
    """Displacements |r_i(t) - r_i(0)| of one trajectory, (T, N), sigma.

    Velocities are drawn afresh; their seed depends on the configuration's index and ``number``.
    """
    assert configuration.index is not None
    rng = _rng(config.seed, _TRAJECTORY, configuration.index, number)
    displacements = np.empty((len(config.times), len(configuration)))
    with LammpsEngine(configuration, potential) as engine:
        start = engine.unwrapped
        engine.draw_velocities(config.temperature, _lammps_seed(rng))
        engine.thermostat(config.temperature, config.temperature)
        done = 0
        for k, time in enumerate(config.times):
            steps = round(time / config.timestep)
            engine.run(steps - done, config.timestep)
            done = steps
            displacements[k] = np.linalg.norm(engine.unwrapped - start, axis=1)
    return displacements


def with_propensity(
    configuration: Configuration, config: SimulationConfig, displacements: NDArray[np.float64]
) -> Configuration:
    """The configuration with targets from the displacements of all trajectories, (R, T, N)."""
    n = len(displacements)
    halves = np.stack([displacements[0::2].mean(axis=0), displacements[1::2].mean(axis=0)], axis=1)
    return configuration.replace(
        times=np.asarray(config.times),
        propensity=displacements.mean(axis=0),
        propensity_error=displacements.std(axis=0, ddof=1) / n**0.5,
        propensity_halves=halves,
        n_trajectories=n,
    )
