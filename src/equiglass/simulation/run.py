"""``equiglass simulate``: a data set from nothing, resumable at every trajectory."""

from __future__ import annotations

from pathlib import Path

from ..data.potential import Potential, load_potential
from ..data.store import configuration_names
from ..errors import InputError
from ..locks import only_writer
from ..pool import worker_count
from ..progress import track
from ..written import make_folder
from .begun import begin, check_chains, check_times
from .cluster import connect
from .config import SPLITS, SimulationConfig, StatePoint
from .scheduler import Item, Scheduler
from .seeds import Identity
from .starts import check_starts
from .work import discard, sweep


@only_writer("store")
def simulate(
    config: SimulationConfig,
    store: Path,
    *,
    n_processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Make a data set of isoconfigurational ensembles, and of chains where they are asked for.

    Every configuration and every chain is prepared, run and quenched independently of the others.
    Blocks of the equilibration, trajectories and segments of chains are kept in ``STORE.partial``
    as soon as they are done, and finished configurations lie in the store, so that the same
    command continues after it was stopped. More configurations, chains, starts or temperatures in
    the same file extend a finished store.

    A configuration that fails (it did not equilibrate, crystallised, blew up) is left out, its
    partial results stay, and the error at the end names all of them.

    Raises
    ------
    InputError
        If fewer configurations are given to start from than are asked for, before anything is run;
        if the store was begun with other physics, times or spacing of chains, a potential of the
        same name but another content included, if another process writes it, or any configuration
        failed.
    """
    potential = load_potential(config.potential)
    _check(config, potential)
    check_starts(config)
    begin(store, config, potential)
    check_times(config, store)
    check_chains(config, store)
    work = store.with_name(f"{store.name}.partial")
    finished = set(configuration_names(store))
    wanted = [item for point in config.state_points for item in _items(point, work)]
    for item in wanted:
        item.wanted -= finished
    todo = [item for item in wanted if item.wanted]
    failures: dict[str, str] = {}
    if todo:
        make_folder(work)
        n_tasks = sum(item.n_steps(config) for item in todo)
        # Several trajectories may share a GPU; on cores more processes than those only wait.
        width = sum(1 if i.identity.is_chain else config.n_trajectories for i in todo)
        workers = worker_count(n_processes, width, within_cores=config.engine == "lammps")
        with (
            connect(config.cluster, workers) as client,
            track("simulate", n_tasks, enabled=progress) as advance,
        ):
            failures = Scheduler(config, potential, store, work, client, advance).run(todo)
    # Also those that were finished just before a stop.
    for item in wanted:
        if item.identity.name not in failures:
            discard(item.folder)
    if failures:
        kinds = "configurations"
        if any(item.identity.is_chain for item in todo):
            kinds += " and chains"
        raise InputError(
            f"{len(failures)} of {len(todo)} {kinds} failed and are left out: "
            + "; ".join(f"{name}: {problem}" for name, problem in failures.items()),
            source=store,
        )
    sweep(work)
    return store


def _check(config: SimulationConfig, potential: Potential) -> None:
    """Raise InputError for what no engine can begin with, before there is a store."""
    if len(config.composition) != len(potential.species):
        raise InputError(
            f"does not fit the potential {potential.name}", field="composition",
            expected=f"{len(potential.species)} fractions", found=len(config.composition),
        )  # fmt: skip
    edge = (config.n_particles / config.density) ** (1 / config.dimensions)
    if edge < 2 * potential.cutoff:
        raise InputError(
            f"the box is smaller than twice the cutoff of {potential.name}", field="n_particles",
            expected=f"an edge of at least {2 * potential.cutoff:g}", found=f"{edge:.4g}",
        )  # fmt: skip


def _items(point: StatePoint, work: Path) -> list[Item]:
    """Chains first: their segments follow each other, so that they take longest."""
    assert point.n_configurations is not None
    identities = [
        Identity(point.temperature, "train", k, is_chain=True)
        for k in range(point.chains.n_chains if point.chains else 0)
    ] + [
        Identity(point.temperature, split, k)
        for split in SPLITS
        for k in range(point.n_configurations.get(split, 0))
    ]
    return [Item(point, identity, work / identity.name) for identity in identities]
