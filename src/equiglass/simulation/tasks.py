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
from .starts import given_start
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
