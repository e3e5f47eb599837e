"""Inherent structures: quench configurations to their local energy minimum, in parallel."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import closing
from pathlib import Path

import numpy as np

from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import Potential, require_same
from ..errors import InputError
from ..pool import open_pool, worker_count
from ..progress import track
from .cache import FORCE_TOLERANCE, begin_cache, load_cached, store_cached
from .lammps import LammpsEngine


def quench_configuration(
    configuration: Configuration,
    potential: Potential,
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
        If the configuration was made with another potential, if particles overlap (a thermal
        energy above 1000 epsilon per particle), or the minimisation stops far from a minimum.
    """
    if configuration.potential is not None:
        require_same(potential, configuration.potential, configuration.source)
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


def quench(
    configurations: Iterable[Configuration],
    potential: Potential,
    *,
    n_processes: int | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> list[Configuration]:
    """Quench every configuration that lacks its inherent structure or energies.

    A single one is quenched in this process, several in processes of their own, which do not
    import the main module: scripts need no ``if __name__ == "__main__"``.

    Parameters
    ----------
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
            n_processes=n_processes,
            cache=cache,
            progress=progress,
        )
    )


def iterate_quench(
    configurations: Sequence[Configuration],
    potential: Potential,
    *,
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
        if configuration.potential is not None:
            require_same(potential, configuration.potential, configuration.source)
    workers = worker_count(n_processes, len(configurations), within_cores=True)
    return _iterate(configurations, potential, workers, cache, progress)


def _iterate(
    configurations: Sequence[Configuration],
    potential: Potential,
    workers: int,
    cache: Path | None,
    progress: bool,
) -> Iterator[Configuration]:
    finished: dict[int, Configuration] = {}
    todo: list[int] = []
    for i, configuration in enumerate(configurations):
        if not needs_quench(configuration):
            finished[i] = configuration
            continue
        known = None if cache is None else load_cached(configuration, potential, cache)
        if known is None:
            todo.append(i)
        else:
            finished[i] = known
    if todo and cache is not None:
        begin_cache(cache)  # one that cannot be written may still hold all that is needed
    position = 0
    with (
        track("quench", len(todo), enabled=progress) as advance,
        closing(_made(configurations, todo, potential, workers)) as results,
    ):
        for i, made in results:
            finished[i] = made
            if cache is not None:
                store_cached(configurations[i], made, potential, cache)
            advance()
            while position in finished:
                yield finished.pop(position)
                position += 1
    while position in finished:
        yield finished.pop(position)
        position += 1


def _made(
    configurations: Sequence[Configuration], todo: Sequence[int], potential: Potential, workers: int
) -> Generator[tuple[int, Configuration], None, None]:
    """Each of some configurations with its number, quenched, in the order in which they end."""
    workers = min(workers, len(todo))
    if workers <= 1:
        for i in todo:
            yield i, quench_configuration(configurations[i], potential)
        return
    with open_pool(workers, threads=1) as pool:
        futures = {
            pool.submit(quench_configuration, _bare(configurations[i]), potential): i for i in todo
        }
        for future in as_completed(list(futures)):
            # Forgotten once yielded: results of large data sets do not pile up.
            i = futures.pop(future)
            made = {name: getattr(future.result(), name) for name in MADE_FIELDS}
            yield i, configurations[i].replace(**made, potential=potential)


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
