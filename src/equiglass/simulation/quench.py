"""Inherent structures: quench configurations to their local energy minimum, in parallel."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import closing
from pathlib import Path

import numpy as np

from ..data.accuracy import REFERENCE, Accuracy
from ..data.configuration import TYPE_NAMES, Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import Potential, require_same
from ..errors import InputError
from ..pool import available_cores, open_pool, worker_count
from ..progress import track
from .cache import begin_cache, load_cached, precision_of, store_cached, with_made
from .lammps import LammpsEngine
from .threads import threads_for

# Largest force component, epsilon/sigma, with which a minimisation may end above its tolerance.
STALLED = 1e-3


def quench_configuration(
    configuration: Configuration,
    potential: Potential,
    accuracy: Accuracy = REFERENCE,
) -> Configuration:
    """The configuration with its inherent structure and both energies filled in.

    A conjugate-gradient minimisation in LAMMPS, deterministic: its line search goes through the
    minimum of the parabola that two forces give. An inherent structure that is known already is
    kept, and only energies are added. Large configurations are quenched by several threads, whose
    number follows from their size (:func:`equiglass.simulation.threads.threads_for`).

    Parameters
    ----------
    accuracy
        Where the minimisation ends.

    Raises
    ------
    InputError
        If the configuration was made with another potential, if particles overlap (a thermal
        energy above 1000 epsilon per particle), or the minimisation stops far from a minimum.
    """
    _require_fits(potential, configuration)
    threads = threads_for(len(configuration))
    with LammpsEngine(configuration, potential, threads) as engine:
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
            with LammpsEngine(known, potential, threads) as inherent:
                return configuration.replace(
                    thermal_energy=thermal_energy,
                    inherent_energy=inherent.energies,
                    potential=potential,
                )
        tolerance = accuracy.force_norm(len(configuration))
        largest_force = engine.minimize(tolerance)
        # Truncated forces jump at the cutoff, where a line search can stall just above tolerance.
        if largest_force > STALLED and np.linalg.norm(engine.forces) > tolerance:
            raise InputError(
                "the quench did not converge",
                source=configuration.source,
                expected=f"force below {STALLED:g}",
                found=f"{largest_force:.3g}",
            )
        made = {
            "inherent_positions": engine.positions.astype(precision_of(configuration)),
            "thermal_energy": thermal_energy,
            "inherent_energy": engine.energies,
        }
        return with_made(configuration, made, potential, accuracy)


def _require_fits(potential: Potential, c: Configuration) -> None:
    """Raise InputError where a configuration is of another potential, or of none between types."""
    if c.potential is not None:
        require_same(potential, c.potential, c.source)
    if c.diameter is None:
        return
    for t in range(c.n_types):
        own = c.diameter[c.types == t]
        if len(own) and np.ptp(own) > 1e-6 * own.max():
            raise InputError(
                "the potential is between types, and particles of one type differ in diameter: "
                "inherent structures and energies of a polydisperse liquid must come with the "
                "data, or be left out of the model's inputs",
                source=c.source, field="diameter", expected=f"one for type {TYPE_NAMES[t]}",
                found=f"{own.min():.6g} to {own.max():.6g}",
            )  # fmt: skip


def needs_quench(configuration: Configuration) -> bool:
    """Whether the inherent structure or one of the energies is missing."""
    return any(getattr(configuration, name) is None for name in MADE_FIELDS)


def quench(
    configurations: Iterable[Configuration],
    potential: Potential,
    *,
    accuracy: Accuracy = REFERENCE,
    n_processes: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> list[Configuration]:
    """Quench every configuration that lacks its inherent structure or energies.

    A single one is quenched in this process, several in processes of their own, which do not
    import the main module: scripts need no ``if __name__ == "__main__"``.

    Parameters
    ----------
    accuracy
        Where each minimisation ends.
    n_processes
        Worker processes, by default and at most one per core that this process may use.
    cache
        Folder in which results are kept, one file per configuration, so that a stopped or
        repeated quench loses nothing. ``None`` keeps nothing.

    Raises
    ------
    InputError
        If a configuration records another potential, before any work; or as
        :func:`quench_configuration`.
    """
    return list(
        iterate_quench(
            list(configurations),
            potential,
            accuracy=accuracy,
            n_processes=n_processes,
            cache=cache,
            progress=progress,
        )
    )


def iterate_quench(
    configurations: Sequence[Configuration],
    potential: Potential,
    *,
    accuracy: Accuracy = REFERENCE,
    n_processes: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> Iterator[Configuration]:
    """As :func:`quench`, but yields each configuration, in order, as soon as it is ready.

    Raises
    ------
    InputError
        As :func:`quench`; what can be known before the first quench at the call itself.
    """
    # Also those that need nothing: they would pass for quenched under this potential.
    for configuration in configurations:
        _require_fits(potential, configuration)
    worker_count(1 if n_processes is None else n_processes, 1)
    return _iterate(configurations, potential, accuracy, n_processes, cache, progress)


def _iterate(
    configurations: Sequence[Configuration],
    potential: Potential,
    accuracy: Accuracy,
    n_processes: int | None,
    cache: Path | None,
    progress: bool,
) -> Iterator[Configuration]:
    finished: dict[int, Configuration] = {}
    todo: list[int] = []
    for i, configuration in enumerate(configurations):
        if not needs_quench(configuration):
            finished[i] = configuration
            continue
        known = None if cache is None else load_cached(configuration, potential, accuracy, cache)
        if known is None:
            todo.append(i)
        else:
            finished[i] = known
    if todo and cache is not None:
        begin_cache(cache)  # one that cannot be written may still hold all that is needed
    position = 0
    with (
        track("quench", len(todo), enabled=progress) as advance,
        closing(_made(configurations, todo, potential, accuracy, n_processes)) as results,
    ):
        for i, made in results:
            finished[i] = made
            if cache is not None:
                store_cached(configurations[i], made, potential, accuracy, cache)
            advance()
            while position in finished:
                yield finished.pop(position)
                position += 1
    while position in finished:
        yield finished.pop(position)
        position += 1


def _made(
    configurations: Sequence[Configuration],
    todo: Sequence[int],
    potential: Potential,
    accuracy: Accuracy,
    n_processes: int | None,
) -> Generator[tuple[int, Configuration], None, None]:
    """Each of some configurations with its number, quenched, in the order in which they end."""
    workers = processes_for([len(configurations[i]) for i in todo], n_processes)
    if workers <= 1:
        for i in todo:
            yield i, quench_configuration(configurations[i], potential, accuracy)
        return
    with open_pool(workers, threads=1) as pool:
        futures = {
            pool.submit(quench_configuration, _bare(configurations[i]), potential, accuracy): i
            for i in todo
        }
        for future in as_completed(list(futures)):
            # Forgotten once yielded: results of large data sets do not pile up.
            i = futures.pop(future)
            made = {name: getattr(future.result(), name) for name in MADE_FIELDS}
            yield i, with_made(configurations[i], made, potential, accuracy)


def processes_for(sizes: Sequence[int], n_processes: int | None) -> int:
    """Processes for configurations of these sizes: none but this one for one of them.

    The threads of large ones take cores that processes would have.
    """
    if len(sizes) <= 1:
        return 1
    threads = max(map(threads_for, sizes))
    workers = worker_count(n_processes, len(sizes), within_cores=True)
    return max(1, min(workers, available_cores() // threads))


def _bare(c: Configuration) -> Configuration:
    """What a quench reads; trajectories and targets need not travel."""
    return Configuration(
        types=c.types,
        box=c.box,
        positions=c.positions,
        inherent_positions=c.inherent_positions,
        periodic=c.periodic,
        source=c.source,
    )
