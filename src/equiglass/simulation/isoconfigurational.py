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
from .engine import Engine, open_engine
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
    temperature = identity.temperature
    rows = []
    with open_engine(config.engine, configuration, potential) as engine:
        start = engine.unwrapped
        measurement = Measurement(configuration, config, potential)
        engine.draw_velocities(
            temperature, lammps_seed(rng(config.seed, "trajectory", identity, number))
        )
        engine.thermostat(temperature, temperature)
        done = 0.0
        for time in times:
            advance(engine, time - done, config.timestep)
            done = time
            moved = engine.unwrapped - start
            require_finite(moved, config, f"{identity.name}, trajectory {number}")
            rows.append(measurement(moved, engine.unwrapped, engine.energy))
    return stack_rows(rows)


def advance(engine: Engine, time: float, timestep: float) -> None:
    """Run for a time in steps of equal length, none above the timestep, that end exactly there."""
    n_steps = max(1, int(np.ceil(time / timestep - 1e-9)))
    engine.run(n_steps, time / n_steps)


def require_finite(positions: Array, config: SimulationConfig, source: str) -> None:
    """Raise InputError where a trajectory has blown up."""
    if not np.isfinite(positions).all():
        raise InputError(
            "the trajectory blew up: positions are not finite",
            source=source,
            expected=f"a stable timestep, not {config.timestep:g}",
        )


class Measurement:
    """What is measured at one time of a trajectory from a configuration."""

    def __init__(
        self, configuration: Configuration, config: SimulationConfig, potential: Potential
    ) -> None:
        self.configuration, self.config = configuration, config
        self.bonds = BondCounter(configuration, potential, config.observables)

    def __call__(self, moved: Array, positions: Array, energy: float) -> dict[str, NDArray[Any]]:
        """A row of :func:`trajectory`, without the axis of times.

        Parameters
        ----------
        moved, positions
            (N, 3) displacements since the start, and positions in any image of the box.
        """
        settings = self.config.observables
        types = self.configuration.types
        lengths = np.linalg.norm(moved, axis=1)
        scattering = self_scattering(lengths, settings.wave_number, self.config.dimensions)
        row: dict[str, NDArray[Any]] = {
            "displacements": lengths.astype(np.float32),
            "bonds": self.bonds.kept(positions).astype(np.float32),
            "self_scattering": per_species(scattering, types),
            "mean_squared_displacement": per_species(lengths**2, types),
            "overlap": per_species((lengths < settings.overlap_length).astype(float), types),
            "energy": np.array(energy),
        }
        if settings.end_positions:
            row["end_positions"] = (self.configuration.positions + moved).astype(np.float32)
        return row


def stack_rows(rows: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """One row for each time become the arrays of a trajectory."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def ensemble(
    configuration: Configuration, times: Times, trajectories: Sequence[dict[str, NDArray[Any]]]
) -> Configuration:
    """The configuration with targets and observables from all of its trajectories.

    Of a single one neither an error nor halves are known.
    """
    n = len(trajectories)

    def stacked(name: str) -> Array:
        return np.stack([t[name] for t in trajectories]).astype(np.float64)

    displacements = stacked("displacements")
    error = halves = None
    if n > 1:
        error = (displacements.std(axis=0, ddof=1) / n**0.5).astype(np.float32)
        parts = [displacements[k::2].mean(axis=0) for k in (0, 1)]
        halves = np.stack(parts, axis=1).astype(np.float32)
    ends = None
    if "end_positions" in trajectories[0]:
        ends = np.stack([t["end_positions"] for t in trajectories], axis=1)
    return configuration.replace(
        times=np.asarray(times),
        propensity=displacements.mean(axis=0).astype(np.float32),
        propensity_error=error,
        propensity_halves=halves,
        bond_breaking=stacked("bonds").mean(axis=0).astype(np.float32),
        self_scattering=np.moveaxis(stacked("self_scattering"), 0, 1),
        mean_squared_displacement=np.moveaxis(stacked("mean_squared_displacement"), 0, 1),
        overlap=np.moveaxis(stacked("overlap"), 0, 1),
        trajectory_energy=stacked("energy").T,
        end_positions=ends,
        n_trajectories=n,
    )
