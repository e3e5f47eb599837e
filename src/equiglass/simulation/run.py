"""``equiglass simulate``: a data set from nothing, resumable at every trajectory."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from ..data.configuration import Configuration
from ..data.store import configuration_names, create_store, write_configuration
from ..errors import InputError
from ..progress import track
from .config import SimulationConfig
from .isoconfigurational import equilibrate, trajectory, with_propensity
from .potential import load_potential
from .quench import quench_configuration

FLOAT32_FIELDS = ("propensity", "propensity_error", "propensity_halves")


def simulate(
    config: SimulationConfig,
    store: Path,
    *,
    n_processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Make an isoconfigurational data set with LAMMPS.

    Every configuration is prepared, quenched and run independently; each prepared start and each
    trajectory is kept in ``STORE.partial`` as soon as it is done, so that the same command
    continues after it was stopped. Finished configurations lie in the store.

    Raises
    ------
    InputError
        If the store or the partial results belong to another configuration file.
    """
    potential = load_potential(config.potential)
    digest = hashlib.sha256(
        (config.model_dump_json() + potential.model_dump_json()).encode()
    ).hexdigest()[:16]
    create_store(store, simulation=config.model_dump_json(), simulation_digest=digest)
    _check_digest(store, digest)
    work = store.with_name(f"{store.name}.partial")
    work.mkdir(exist_ok=True)
    names = _names(config)
    finished = set(configuration_names(store))
    todo = [k for k, (name, _) in enumerate(names) if name not in finished]
    workers = n_processes or len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        starts = [k for k in todo if not (work / f"start-{k}.npy").is_file()]
        _run_all(
            pool,
            "equilibrate",
            [(_prepare, (config, work, k)) for k in starts],
            progress,
        )
        runs = [
            (_run_trajectory, (config, work, k, r))
            for k in todo
            for r in range(config.n_trajectories)
            if not (work / f"trajectory-{k}-{r}.npy").is_file()
        ]
        _run_all(pool, "trajectories", runs, progress)
        _run_all(
            pool, "quench", [(_finish, (config, work, store, k, *names[k])) for k in todo], progress
        )
    shutil.rmtree(work)
    return store


def _names(config: SimulationConfig) -> list[tuple[str, str]]:
    return [
        (f"{split}-{k:03d}", split)
        for split in ("train", "validation", "test")
        for k in range(config.n_configurations.get(split, 0))
    ]


def _check_digest(store: Path, digest: str) -> None:
    import zarr

    found = zarr.open_group(store, mode="r").attrs.get("simulation_digest")
    if found != digest:
        raise InputError(
            "was begun with another configuration; choose a new output or restore the settings",
            source=store,
            field="simulation_digest",
            expected=digest,
            found=found,
        )


def _run_all(
    pool: ProcessPoolExecutor,
    label: str,
    tasks: list[tuple[Callable[..., None], tuple[Any, ...]]],
    progress: bool,
) -> None:
    futures = [pool.submit(function, *arguments) for function, arguments in tasks]
    try:
        with track(label, len(futures), enabled=progress) as advance:
            for future in as_completed(futures):
                future.result()
                advance()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _save(path: Path, array: np.ndarray[Any, Any]) -> None:
    partial = path.with_suffix(".tmp")
    with partial.open("wb") as file:
        np.save(file, array)
    partial.replace(path)


def _start(config: SimulationConfig, work: Path, index: int) -> Configuration:
    from .isoconfigurational import random_start

    positions = np.load(work / f"start-{index}.npy", allow_pickle=False)
    return random_start(config, index).replace(positions=positions, temperature=config.temperature)


def _prepare(config: SimulationConfig, work: Path, index: int) -> None:
    prepared = equilibrate(config, load_potential(config.potential), index)
    _save(work / f"start-{index}.npy", prepared.positions)


def _run_trajectory(config: SimulationConfig, work: Path, index: int, number: int) -> None:
    potential = load_potential(config.potential)
    displacements = trajectory(_start(config, work, index), config, potential, number)
    _save(work / f"trajectory-{index}-{number}.npy", displacements.astype(np.float32))


def _finish(
    config: SimulationConfig, work: Path, store: Path, index: int, name: str, split: str
) -> None:
    displacements = np.stack(
        [
            np.load(work / f"trajectory-{index}-{r}.npy", allow_pickle=False)
            for r in range(config.n_trajectories)
        ]
    ).astype(np.float64)
    complete = with_propensity(_start(config, work, index), config, displacements)
    complete = quench_configuration(complete, load_potential(config.potential))
    complete = complete.replace(
        source=f"equiglass simulate, seed {config.seed}, configuration {index}",
        **{f: getattr(complete, f).astype(np.float32) for f in FLOAT32_FIELDS},
    )
    write_configuration(store, name, complete, split)
