"""The tasks that workers run; each reads files of the work folder and writes its own.

Layout of ``STORE.partial/NAME/``, one folder per configuration: ``block-K.npz`` of the
equilibration, ``start.npz``, ``equilibrated.json``, and ``trajectory-R.npz``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..data.configuration import Configuration
from ..data.potential import Potential, require_same
from ..data.relaxation import RelaxationTime, scattering_definition
from ..data.store import write_configuration
from ..errors import InputError
from ..written import make_folder, write_text
from .cage import cage_positions
from .config import SimulationConfig, Times
from .equilibrate import equilibrate, random_start
from .isoconfigurational import ensemble, trajectory
from .quench import quench_configuration
from .seeds import Identity, lammps_seed, rng
from .work import load_arrays, save_arrays


def attempt(task: Callable[..., None], *arguments: Any) -> str | None:
    """Run a task; what it found wrong comes back as a sentence, not as a worker's failure."""
    try:
        task(*arguments)
    except InputError as problem:
        return str(problem)
    return None


def prepare(
    config: SimulationConfig, potential: Potential, folder: Path, identity: Identity
) -> None:
    """Equilibrate one configuration, or take it from the data set to start from."""
    if (folder / "start.npz").is_file():
        return
    make_folder(folder)
    record: dict[str, Any]
    if config.start_from is None:
        record = equilibrate(config, potential, identity, folder)
        start = random_start(config, identity).replace(positions=record.pop("positions"))
    else:
        start = given_start(config, identity)
        if start.potential is not None:
            require_same(potential, start.potential, start.source)
        record = {"tau_alpha": None, "source": start.source}
    write_text(folder / "equilibrated.json", json.dumps(record))
    save_arrays(
        folder / "start.npz",
        types=start.types.astype(np.int64),
        box=start.box.astype(np.float64),
        positions=start.positions.astype(np.float64),
        periodic=np.array(start.periodic),
    )


def given_start(config: SimulationConfig, identity: Identity) -> Configuration:
    """Configuration ``number`` of this temperature, counted through the splits, then the chains."""
    from ..data.dataset import read

    assert config.start_from is not None
    point = next(p for p in config.state_points if p.temperature == identity.temperature)
    assert point.n_configurations is not None
    position = identity.number
    for split, count in point.n_configurations.items():
        if split == identity.split and not identity.is_chain:
            break
        position += count
    data = read(config.start_from)
    stated = [
        e.load().temperature if e.temperature is None else e.temperature for e in data.entries
    ]
    if None in stated and len(config.state_points) > 1:
        raise InputError(
            "configurations to start from must state their temperature where there are several",
            source=config.start_from, field="temperature",
        )  # fmt: skip
    at_temperature = [
        e
        for e, own in zip(data.entries, stated, strict=True)
        if own in (None, identity.temperature)
    ]
    if position >= len(at_temperature):
        raise InputError(
            f"too few configurations to start from at T = {identity.temperature:g}",
            source=config.start_from,
            expected=f"at least {position + 1}",
            found=len(at_temperature),
        )
    start = at_temperature[position].load()
    for name, found in (("dimensions", start.dimensions), ("n_particles", len(start))):
        if found != getattr(config, name):
            raise InputError(
                "the configuration to start from is of another system", source=start.source,
                field=name, expected=getattr(config, name), found=found,
            )  # fmt: skip
    return start


def read_start(folder: Path, identity: Identity) -> Configuration:
    """The equilibrated configuration."""
    arrays = load_arrays(folder / "start.npz")
    x, y, z = map(bool, arrays["periodic"])
    return Configuration(
        types=arrays["types"],
        box=arrays["box"],
        positions=arrays["positions"],
        periodic=(x, y, z),
        temperature=identity.temperature,
        index=identity.number,
        source=f"equiglass simulate, {identity.name}",
    )


def run_trajectory(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    times: Times,
    number: int,
) -> None:
    """One trajectory of the ensemble."""
    file = folder / f"trajectory-{number}.npz"
    if file.is_file():
        return
    start = read_start(folder, identity)
    save_arrays(file, **trajectory(start, config, potential, identity, times, number))


def finish(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    times: Times,
    store: Path,
) -> None:
    """Averages over the ensemble and all that belongs to its configuration, into the store."""
    trajectories = [
        load_arrays(folder / f"trajectory-{r}.npz") for r in range(config.n_trajectories)
    ]
    complete = ensemble(read_start(folder, identity), times, trajectories)
    complete_and_write(config, potential, folder, identity, complete, store, identity.name)


def complete_and_write(
    config: SimulationConfig,
    potential: Potential,
    folder: Path,
    identity: Identity,
    labelled: Configuration,
    store: Path,
    name: str,
    *numbers: int,
) -> None:
    """Inherent structure, energies and cage positions, into the store.

    Parameters
    ----------
    numbers
        Branch the random numbers of the identity.
    """
    complete = quench_configuration(labelled, potential)
    if config.cage is not None:
        seed = lammps_seed(rng(config.seed, "cage", identity, *numbers))
        complete = complete.replace(
            cage_positions=cage_positions(
                complete, config.cage, potential, identity.temperature, config.timestep, seed
            )
        )
    record = json.loads((folder / "equilibrated.json").read_text())
    tau_alpha = record["tau_alpha"]
    complete = complete.replace(
        source=f"{complete.source}, seed {config.seed}",
        relaxation_time=None
        if tau_alpha is None
        else RelaxationTime(tau_alpha, scattering_definition(config.observables.wave_number)),
    )
    write_configuration(store, name, complete, identity.split)
