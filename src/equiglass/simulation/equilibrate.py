"""From random positions to an equilibrated configuration, with a check that it no longer ages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..written import make_folder
from .apart import apart
from .config import SimulationConfig
from .lammps import LammpsEngine
from .observables import crystalline_fraction, relaxation_time, self_scattering
from .seeds import Identity, lammps_seed, rng
from .work import load_arrays, save_arrays

FRAMES = 200  # positions recorded in a block; F_s at every lag between them


def random_start(config: SimulationConfig, identity: Identity) -> Configuration:
    """Particles at random in a cubic (or square) box, at the wanted composition."""
    generator = rng(config.seed, "start", identity)
    d = config.dimensions
    length = (config.n_particles / config.density) ** (1 / d)
    edges = np.round(np.cumsum(config.composition) * config.n_particles).astype(int)
    types = np.searchsorted(edges, np.arange(config.n_particles), side="right")
    positions = np.zeros((config.n_particles, 3))
    positions[:, :d] = generator.random((config.n_particles, d)) * length
    return Configuration(
        types=types.astype(np.int64),
        box=np.array([length, length, length if d == 3 else 1.0]),
        positions=positions,
        periodic=(True, True, d == 3),
        temperature=identity.temperature,
        index=identity.number,
        source=f"simulated configuration {identity.name}",
    )


def melt_and_cool(
    config: SimulationConfig, potential: Potential, identity: Identity
) -> Configuration:
    """The random start, molten and cooled to its temperature."""
    steps = config.equilibration
    start = apart(random_start(config, identity), potential)
    with LammpsEngine(start, potential) as engine:
        engine.soften_and_separate()
        generator = rng(config.seed, "melt", identity)
        engine.draw_velocities(steps.melt_temperature, lammps_seed(generator))
        for last, time in (
            (steps.melt_temperature, steps.melt_time),
            (identity.temperature, steps.cool_time),
        ):
            engine.thermostat(steps.melt_temperature, last)
            engine.run(round(time / config.timestep), config.timestep)
        return start.replace(positions=engine.positions)


def run_block(
    configuration: Configuration,
    config: SimulationConfig,
    potential: Potential,
    identity: Identity,
    number: int,
    length: float,
) -> dict[str, np.ndarray[Any, Any]]:
    """One block at the target temperature, from fresh velocities: a function of its arguments.

    Returns the last ``positions``, the potential ``energies`` (F,) of the recorded frames, and
    F_s of the majority species at the ``lags``, averaged over time origins.
    """
    interval = length / FRAMES
    n_steps = int(np.ceil(interval / config.timestep))
    mobile = configuration.types == np.bincount(configuration.types).argmax()
    frames = np.empty((FRAMES + 1, int(mobile.sum()), 3))
    energies = np.empty(FRAMES)
    with LammpsEngine(configuration, potential) as engine:
        engine.draw_velocities(
            identity.temperature, lammps_seed(rng(config.seed, "block", identity, number))
        )
        engine.thermostat(identity.temperature, identity.temperature)
        frames[0] = engine.unwrapped[mobile]
        for k in range(FRAMES):
            engine.run(n_steps, interval / n_steps)
            frames[k + 1] = engine.unwrapped[mobile]
            energies[k] = engine.energy
        positions = engine.positions
    lags = np.unique(np.round(np.geomspace(1, 0.8 * FRAMES, 40)).astype(int))
    scattering = [
        self_scattering(
            np.linalg.norm(frames[lag:] - frames[:-lag], axis=2),
            config.observables.wave_number,
            config.dimensions,
        ).mean()
        for lag in lags
    ]
    return {
        "positions": positions,
        "energies": energies,
        "lags": lags * interval,
        "scattering": np.array(scattering),
    }


def equilibrate(
    config: SimulationConfig, potential: Potential, identity: Identity, folder: Path
) -> dict[str, Any]:
    """Blocks of doubling length until the last does not differ from the one before it.

    Every block is kept in ``folder``, so that a stopped equilibration goes on where it was.

    Returns
    -------
    ``tau_alpha``, ``crystalline_fraction``, the record of all ``blocks``, and ``positions``.

    Raises
    ------
    InputError
        If it still ages after the longest time allowed, or has crystallised.
    """
    settings = config.equilibration
    make_folder(folder)
    melt_file = folder / "melt.npz"
    if not melt_file.is_file():
        save_arrays(melt_file, positions=melt_and_cool(config, potential, identity).positions)
    configuration = random_start(config, identity).replace(
        positions=load_arrays(melt_file)["positions"]
    )
    blocks: list[dict[str, Any]] = []
    length, total, number = settings.first_block, 0.0, 0
    while True:
        file = folder / f"block-{number}.npz"
        if not file.is_file():
            save_arrays(
                file, **run_block(configuration, config, potential, identity, number, length)
            )
        block = load_arrays(file)
        configuration = configuration.replace(positions=block["positions"])
        total += length
        blocks.append(
            {
                "length": length,
                "energy": float(block["energies"].mean()),
                "energy_error": _standard_error(block["energies"]),
                "tau_alpha": relaxation_time(block["lags"], block["scattering"]),
            }
        )
        if _is_stationary(blocks, config):
            break
        following = _next_length(length, blocks[-1]["tau_alpha"], settings.n_tau_alpha)
        if total + following > settings.longest:
            raise InputError(
                f"did not equilibrate within {settings.longest:g}",
                source=identity.name,
                expected="energy and relaxation time of two blocks to agree",
                found=json.dumps(blocks[-2:]),
            )
        length, number = following, number + 1
    crystal = crystalline_fraction(configuration)
    if crystal > settings.largest_crystal:
        raise InputError(
            "has crystallised",
            source=identity.name,
            expected=f"at most {settings.largest_crystal:g} of the particles in one cluster",
            found=f"{crystal:.2f}",
        )
    return {
        "tau_alpha": blocks[-1]["tau_alpha"],
        "crystalline_fraction": crystal,
        "blocks": blocks,
        "positions": configuration.positions,
    }


def _standard_error(energies: np.ndarray[Any, Any], n_parts: int = 10) -> float:
    """Of the mean, from the scatter of the means of ten parts, whose correlation is small."""
    means = energies.reshape(n_parts, -1).mean(axis=1)
    return float(means.std(ddof=1) / n_parts**0.5)


def _next_length(length: float, tau_alpha: float | None, n_tau_alpha: float) -> float:
    """Twice as long, until a block is long enough; then as long again."""
    long_enough = tau_alpha is not None and length >= n_tau_alpha * tau_alpha
    return length if long_enough else 2 * length


def _is_stationary(blocks: list[dict[str, Any]], config: SimulationConfig) -> bool:
    if len(blocks) < 2:
        return False
    settings = config.equilibration
    before, last = blocks[-2:]
    if last["tau_alpha"] is None or before["tau_alpha"] is None:
        return False
    ratio = last["tau_alpha"] / before["tau_alpha"]
    noise = 3 * float(np.hypot(last["energy_error"], before["energy_error"]))
    return bool(
        last["length"] >= settings.n_tau_alpha * last["tau_alpha"]
        and abs(last["energy"] - before["energy"]) <= max(settings.energy_tolerance, noise)
        and 1 / settings.tau_tolerance <= ratio <= settings.tau_tolerance
    )
