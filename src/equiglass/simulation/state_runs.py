"""The runs that lead to the states of a snapshot: in processes, kept by content."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.fields import FEATURE_FIELDS
from ..data.potential import Potential
from ..errors import InputError
from ..geometry.periodic import wrap
from ..pool import open_pool, worker_count
from ..progress import track
from .cache import begin_cache
from .isoconfigurational import advance
from .lammps import LammpsEngine
from .seeds import lammps_seed
from .states import Plan
from .work import load_arrays, save_arrays

FOLDER = "states"  # in the folder of quenches
# The energy of a snapshot scatters about its mean by T sqrt(c / N), with a heat capacity c of d/2
# in a harmonic solid; twice that leaves room for what is not harmonic, and four times for chance.
SIGMAS = 4.0


@dataclass(frozen=True, eq=False)
class Run:
    """The states of one run.

    Attributes
    ----------
    positions
        (M, N, 3) in [0, L).
    energies
        (M + 1,) potential energy per particle, that of the snapshot first.
    seconds
        Of processor time that the run took when it was made.
    """

    positions: NDArray[np.float64]
    energies: NDArray[np.float64]
    seconds: float


def state_run(c: Configuration, potential: Potential, plan: Plan, number: int) -> Run:
    """One run from a configuration, at constant volume and temperature, in LAMMPS.

    Raises
    ------
    InputError
        If it blows up.
    """
    began = time.process_time()
    generator = np.random.default_rng(
        np.random.SeedSequence(plan.seed, spawn_key=(int(run_key(c, potential, plan, number), 16),))
    )
    rows, energies = [], []
    with LammpsEngine(c, potential) as engine:
        energies.append(engine.energy)
        engine.draw_velocities(plan.temperature, lammps_seed(generator))
        engine.thermostat(plan.temperature, plan.temperature)
        for _ in range(plan.runs[number]):
            advance(engine, plan.spacing, plan.timestep)
            rows.append(engine.positions)
            energies.append(engine.energy)
    positions = np.stack(rows)
    if not np.isfinite(positions).all():
        raise InputError(
            "the run blew up: positions are not finite", source=c.source,
            expected=f"a stable timestep, not {plan.timestep:g}",
        )  # fmt: skip
    return Run(positions, np.array(energies), time.process_time() - began)


def run_key(c: Configuration, potential: Potential, plan: Plan, number: int) -> str:
    """A hash of everything that a run depends on, of no name."""
    depends = {
        "potential": potential.content(),
        "periodic": c.periodic,
        "temperature": plan.temperature,
        "spacing": plan.spacing,
        "states": plan.runs[number],
        "timestep": plan.timestep,
        "seed": plan.seed,
        "run": number,
    }
    digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode())
    for array in (c.types, c.box, c.positions):
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()[:24]


def state_runs(
    configurations: Sequence[Configuration],
    plans: Sequence[Plan],
    potential: Potential,
    *,
    cache: Path,
    n_processes: int | None = None,
    progress: bool = False,
) -> list[list[Run]]:
    """The runs of each configuration; those in the cache are taken from there.

    Raises
    ------
    InputError
        As :func:`state_run`, or if a configuration is not at the temperature of its runs.
    """
    folder = cache / FOLDER
    todo = [(i, k) for i, plan in enumerate(plans) for k in range(len(plan.runs))]
    files = {
        (i, k): folder / f"{run_key(configurations[i], potential, plans[i], k)}.npz"
        for i, k in todo
    }
    found = {task: run for task in todo if (run := _load(files[task])) is not None}
    todo = [task for task in todo if task not in found]
    if todo:
        begin_cache(folder)
    with track("states", len(todo), enabled=progress and bool(todo)) as step:

        def keep(task: tuple[int, int], run: Run) -> None:
            save_arrays(
                files[task], positions=run.positions, energies=run.energies, seconds=run.seconds
            )
            found[task] = run
            step()

        workers = worker_count(n_processes, len(todo), within_cores=True)
        if workers <= 1:
            for i, k in todo:
                keep((i, k), state_run(configurations[i], potential, plans[i], k))
        else:
            with open_pool(workers, threads=1) as pool:
                futures = {
                    pool.submit(state_run, _bare(configurations[i]), potential, plans[i], k): (i, k)
                    for i, k in todo
                }
                for future in as_completed(list(futures)):
                    keep(futures.pop(future), future.result())
    result = [[found[i, k] for k in range(len(plan.runs))] for i, plan in enumerate(plans)]
    for c, plan, runs in zip(configurations, plans, result, strict=True):
        _check_temperature(c, plan, runs)
    return result


def states_after(c: Configuration, runs: Sequence[Run]) -> list[Configuration]:
    """The states as configurations: positions alone, and what all of them share."""
    every = [positions for run in runs for positions in run.positions]
    return [
        Configuration(
            types=c.types,
            box=c.box,
            # Rounding to single precision may put a position on the edge of the box.
            positions=wrap(positions.astype(c.positions.dtype), c.box, c.periodic),
            potential=c.potential,
            periodic=c.periodic,
            temperature=c.temperature,
            source=f"{c.source}, state {k}",
            **{name: getattr(c, name) for name in FEATURE_FIELDS},
        )
        for k, positions in enumerate(every, 1)
    ]


def _check_temperature(c: Configuration, plan: Plan, runs: Sequence[Run]) -> None:
    """Raise InputError where the energy leaves the snapshot's by more than chance."""
    before = float(runs[0].energies[0])
    after = float(np.concatenate([run.energies[1:] for run in runs]).mean())
    scatter = plan.temperature * (c.dimensions / len(c)) ** 0.5
    if abs(after - before) > SIGMAS * scatter:
        raise InputError(
            f"the snapshot is not at T = {plan.temperature:g} under this potential: short runs "
            "from it take the potential energy per particle elsewhere",
            source=c.source, field="temperature",
            expected=f"{before:.4f} ± {SIGMAS * scatter:.4f}, that of the snapshot",
            found=f"{after:.4f}",
        )  # fmt: skip


def _load(file: Path) -> Run | None:
    try:
        stored = load_arrays(file)
        return Run(stored["positions"], stored["energies"], float(stored["seconds"]))
    except (InputError, KeyError):
        return None


def _bare(c: Configuration) -> Configuration:
    """What a run reads; nothing else need travel."""
    return Configuration(
        types=c.types, box=c.box, positions=c.positions, periodic=c.periodic, source=c.source
    )
