"""Inherent structures: quench configurations to their local energy minimum, in parallel."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np

from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import POTENTIALS, Potential
from ..errors import InputError
from ..progress import track
from .lammps import LammpsEngine

FORCE_TOLERANCE = 1e-6


def quench_configuration(
    configuration: Configuration,
    potential: Potential = POTENTIALS["kob-andersen"],
    force_tolerance: float = FORCE_TOLERANCE,
) -> Configuration:
    """The configuration with its inherent structure and both energies filled in.

    A conjugate-gradient minimisation in LAMMPS, deterministic. An inherent structure that is
    known already is kept, and only energies are added.

    Parameters
    ----------
    force_tolerance
        Two-norm of the global force vector at which the minimisation ends, epsilon/sigma.

    Raises
    ------
    InputError
        If particles overlap (a thermal energy above 1000 epsilon per particle), or the
        minimisation stops far from a minimum.
    """
    with LammpsEngine(configuration, potential) as engine:
        thermal_energy = engine.energies
        if not np.isfinite(thermal_energy).all() or thermal_energy.mean() > 1e3:
            raise InputError(
                f"particles overlap: potential energy {thermal_energy.mean():.3g} per particle",
                source=configuration.source,
                field="positions",
                expected=f"a configuration of {potential.name}",
            )
        if configuration.inherent_positions is not None:
            known = configuration.replace(positions=configuration.inherent_positions)
            with LammpsEngine(known, potential) as inherent:
                return configuration.replace(
                    thermal_energy=thermal_energy,
                    inherent_energy=inherent.energies,
                    potential=potential,
                )
        largest_force = engine.minimize(force_tolerance)
        # Truncated forces jump at the cutoff, where a line search can stall just above tolerance.
        if largest_force > max(1e-3, force_tolerance):
            raise InputError(
                "the quench did not converge",
                source=configuration.source,
                expected=f"force below {max(1e-3, force_tolerance):g}",
                found=f"{largest_force:.3g}",
            )
        return configuration.replace(
            inherent_positions=engine.positions.astype(configuration.positions.dtype),
            thermal_energy=thermal_energy,
            inherent_energy=engine.energies,
            potential=potential,
        )


def needs_quench(configuration: Configuration) -> bool:
    """Whether the inherent structure or one of the energies is missing."""
    return any(getattr(configuration, name) is None for name in MADE_FIELDS)


def fingerprint(configuration: Configuration, potential: Potential) -> str:
    """Name of a quench in the cache: a hash of everything it depends on."""
    digest = hashlib.sha256(potential.model_dump_json().encode())
    for array in (configuration.types, configuration.box, configuration.positions):
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    if configuration.inherent_positions is not None:
        digest.update(np.ascontiguousarray(configuration.inherent_positions).tobytes())
    digest.update(f"{configuration.periodic}{FORCE_TOLERANCE}".encode())
    return digest.hexdigest()[:24]


def cached_file(configuration: Configuration, potential: Potential, cache: Path) -> Path:
    """Where the quench of a configuration is kept, or would be."""
    return cache / f"{fingerprint(configuration, potential)}.npz"


def default_cache() -> Path:
    """``$EQUIGLASS_CACHE``, else ``$XDG_CACHE_HOME/equiglass``, else ``~/.cache/equiglass``."""
    if "EQUIGLASS_CACHE" in os.environ:
        return Path(os.environ["EQUIGLASS_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "equiglass"


def _load_cached(
    configuration: Configuration, potential: Potential, file: Path
) -> Configuration | None:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return configuration.replace(
                **{name: stored[name] for name in MADE_FIELDS}, potential=potential
            )
    except (OSError, EOFError, KeyError, ValueError):
        return None


def _store_cached(configuration: Configuration, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.stem}.{os.getpid()}.partial.npz")
    np.savez_compressed(partial, **{name: getattr(configuration, name) for name in MADE_FIELDS})
    partial.replace(file)


def quench(
    configurations: Iterable[Configuration],
    potential: Potential = POTENTIALS["kob-andersen"],
    *,
    n_processes: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> list[Configuration]:
    """Quench every configuration that lacks its inherent structure or energies.

    Parameters
    ----------
    n_processes
        Worker processes, by default one per core this process may use.
    cache
        Folder in which results are kept, one file per configuration, so that a stopped or
        repeated quench loses nothing. ``None`` keeps nothing.
    """
    return list(
        iterate_quench(
            list(configurations),
            potential,
            n_processes=n_processes,
            cache=cache,
            progress=progress,
        )
    )


def iterate_quench(
    configurations: Sequence[Configuration],
    potential: Potential = POTENTIALS["kob-andersen"],
    *,
    n_processes: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> Iterator[Configuration]:
    """As :func:`quench`, but yields each configuration, in order, as soon as it is ready."""
    finished: dict[int, Configuration] = {}
    todo: list[int] = []
    for i, configuration in enumerate(configurations):
        if not needs_quench(configuration):
            finished[i] = configuration
            continue
        cached = None
        if cache:
            cached = _load_cached(
                configuration, potential, cached_file(configuration, potential, cache)
            )
        if cached is not None:
            finished[i] = cached
        else:
            todo.append(i)
    if n_processes is None:
        n_processes = len(os.sched_getaffinity(0))
    n_processes = max(1, min(n_processes, len(todo)))
    position = 0
    # Fresh interpreters: LAMMPS and OpenMP threads do not survive a fork.
    with ProcessPoolExecutor(n_processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending: dict[Future[Configuration], int] = {
            pool.submit(quench_configuration, configurations[i], potential): i for i in todo
        }
        try:
            with track("quench", len(todo), enabled=progress) as advance:
                while pending:
                    done, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        i = pending.pop(future)
                        finished[i] = future.result()
                        if cache:
                            file = cached_file(configurations[i], potential, cache)
                            _store_cached(finished[i], file)
                        advance()
                    while position in finished:
                        yield finished.pop(position)
                        position += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    while position in finished:
        yield finished.pop(position)
        position += 1
