"""Isoconfigurational ensembles: many trajectories from the same positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from .config import SimulationConfig, Times
from .engine import open_engine
from .observables import BondCounter, per_species, self_scattering
from .seeds import Identity, lammps_seed, rng

Array = NDArray[np.float64]


def trajectory(
    configuration: Configuration,
    config: SimulationConfig,
    potential: Potential,
    identity: Identity,
    times: Times,
    number: int,
) -> dict[str, NDArray[Any]]:
    """One trajectory from the configuration, with velocities that depend on ``number``.

    Returns
    -------
    ``displacements`` and ``bonds`` (T, N); ``self_scattering``, ``mean_squared_displacement`` and
    ``overlap`` (T, S); ``energy`` (T,); and ``end_positions`` (T, N, 3) where they are kept.
    """
    settings = config.observables
    types = configuration.types
    bond_counter = BondCounter(configuration, potential, settings)
    displacements = np.empty((len(times), len(types)))
    bonds = np.empty_like(displacements)
    energy = np.empty(len(times))
    ends = np.empty((len(times), len(types), 3), dtype=np.float32)
    temperature = identity.temperature
    with open_engine(config.engine, configuration, potential) as engine:
        start = engine.unwrapped
        engine.draw_velocities(
            temperature, lammps_seed(rng(config.seed, "trajectory", identity, number))
        )
        engine.thermostat(temperature, temperature)
        done = 0.0
        for k, time in enumerate(times):
            # Steps of equal length, none above the timestep, that end exactly at the time.
            n_steps = int(np.ceil((time - done) / config.timestep - 1e-9))
            engine.run(n_steps, (time - done) / n_steps)
            done = time
            moved = engine.unwrapped - start
            if not np.isfinite(moved).all():
                raise InputError(
                    "the trajectory blew up: positions are not finite",
                    source=f"{identity.name}, trajectory {number}",
                    expected=f"a stable timestep, not {config.timestep:g}",
                )
            displacements[k] = np.linalg.norm(moved, axis=1)
            bonds[k] = bond_counter.kept(engine.unwrapped)
            energy[k] = engine.energy
            ends[k] = configuration.positions + moved
    scattering = self_scattering(displacements, settings.wave_number, config.dimensions)
    result: dict[str, NDArray[Any]] = {
        "displacements": displacements.astype(np.float32),
        "bonds": bonds.astype(np.float32),
        "self_scattering": per_species(scattering, types),
        "mean_squared_displacement": per_species(displacements**2, types),
        "overlap": per_species((displacements < settings.overlap_length).astype(float), types),
        "energy": energy,
    }
    if settings.end_positions:
        result["end_positions"] = ends
    return result


def ensemble(
    configuration: Configuration, times: Times, trajectories: Sequence[dict[str, NDArray[Any]]]
) -> Configuration:
    """The configuration with targets and observables from all of its trajectories."""
    n = len(trajectories)

    def stacked(name: str) -> Array:
        return np.stack([t[name] for t in trajectories]).astype(np.float64)

    displacements = stacked("displacements")
    halves = np.stack([displacements[0::2].mean(axis=0), displacements[1::2].mean(axis=0)], axis=1)
    ends = None
    if "end_positions" in trajectories[0]:
        ends = np.stack([t["end_positions"] for t in trajectories], axis=1)
    return configuration.replace(
        times=np.asarray(times),
        propensity=displacements.mean(axis=0).astype(np.float32),
        propensity_error=(displacements.std(axis=0, ddof=1) / n**0.5).astype(np.float32),
        propensity_halves=halves.astype(np.float32),
        bond_breaking=stacked("bonds").mean(axis=0).astype(np.float32),
        self_scattering=np.moveaxis(stacked("self_scattering"), 0, 1),
        mean_squared_displacement=np.moveaxis(stacked("mean_squared_displacement"), 0, 1),
        overlap=np.moveaxis(stacked("overlap"), 0, 1),
        trajectory_energy=stacked("energy").T,
        end_positions=ends,
        n_trajectories=n,
    )
