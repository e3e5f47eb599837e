"""``equiglass simulate``: a data set from nothing, resumable at every trajectory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.dataset import read
from ..data.potential import Potential, load_potential, require_same
from ..data.store import configuration_names, create_store, store_attributes, update_attributes
from ..errors import InputError
from ..locks import only_writer
from ..pool import available_cores, worker_count
from ..progress import track
from ..written import make_folder, read_json
from ..yaml_config import parse_mapping
from .cluster import connect
from .config import SPLITS, RelaxationTimes, SimulationConfig, StatePoint, Times
from .seeds import Identity
from .tasks import attempt, finish, prepare, run_trajectory

if TYPE_CHECKING:
    from distributed import Client


@only_writer("store")
def simulate(
    config: SimulationConfig,
    store: Path,
    *,
    n_processes: int | None = None,
    progress: bool = True,
) -> Path:
    """Make an isoconfigurational data set.

    Every configuration is prepared, run and quenched independently of the others. Blocks of the
    equilibration and trajectories are kept in ``STORE.partial`` as soon as they are done, and
    finished configurations lie in the store, so that the same command continues after it was
    stopped. More configurations or temperatures in the same file extend a finished store.

    A configuration that fails (it did not equilibrate, crystallised, blew up) is left out, its
    partial results stay, and the error at the end names all of them.

    Raises
    ------
    InputError
        If the store was begun with other physics, a potential of the same name but another
        content included, if another process writes it, or any configuration failed.
    """
    potential = load_potential(config.potential)
    if len(config.composition) != len(potential.species):
        raise InputError(
            f"does not fit the potential {potential.name}", field="composition",
            expected=f"{len(potential.species)} fractions", found=len(config.composition),
        )  # fmt: skip
    if config.start_from is not None:
        read(config.start_from)  # is there, before the store is
    _begin(store, config, potential)
    _check_times(config, store)
    work = store.with_name(f"{store.name}.partial")
    finished = set(configuration_names(store))
    wanted = [(point, identity) for point in config.state_points for identity in _identities(point)]
    todo = [(p, i) for p, i in wanted if i.name not in finished]
    failures: dict[str, str] = {}
    if todo:
        make_folder(work)
        n_tasks = len(todo) * (config.n_trajectories + 2)
        # Several trajectories may share a GPU; on cores more processes than those only wait.
        limit = available_cores() if config.engine == "lammps" else None
        workers = worker_count(n_processes, len(todo) * config.n_trajectories, limit=limit)
        with (
            connect(config.cluster, workers) as client,
            track("simulate", n_tasks, enabled=progress) as advance,
        ):
            failures = _Scheduler(config, potential, store, work, client, advance).run(todo)
    for _, identity in todo:
        if identity.name not in failures:
            shutil.rmtree(work / identity.name, ignore_errors=True)
    if failures:
        raise InputError(
            f"{len(failures)} of {len(todo)} configurations failed and are left out: "
            + "; ".join(f"{name}: {problem}" for name, problem in failures.items()),
            source=store,
        )
    # Only if empty: partial results of configurations that are not asked for now stay.
    if work.is_dir() and not any(work.iterdir()):
        work.rmdir()
    return store


def _identities(point: StatePoint) -> list[Identity]:
    assert point.n_configurations is not None
    return [
        Identity(point.temperature, split, k)
        for split in SPLITS
        for k in range(point.n_configurations.get(split, 0))
    ]


def _begin(store: Path, config: SimulationConfig, potential: Potential) -> None:
    settings = json.loads(config.physics())
    physics = {"config": settings, "potential": potential.model_dump(mode="json")}
    create_store(store, simulation=physics, times={})
    found = store_attributes(store).get("simulation")
    if found == physics:
        return
    if not isinstance(found, dict) or not {"potential", "config"} <= set(found):
        raise InputError("was not begun by a simulation; choose a new output", source=store)
    require_same(potential, parse_mapping(found["potential"], Potential, source=str(store)), store)
    # The potential is what it says, whatever it is called and wherever its file lies.
    before = {**found["config"], "potential": settings["potential"]}
    if before != settings:
        raise InputError(
            "was begun with another configuration; choose a new output or restore the settings",
            source=store,
            field=", ".join(_differences(settings, before, "config")),
        )


def _check_times(config: SimulationConfig, store: Path) -> None:
    """Record the times asked for at each temperature, or refuse others than those recorded."""
    recorded = store_attributes(store)["times"]
    for point in config.state_points:
        key = f"{point.temperature:g}"
        asked = json.loads(point.model_dump_json(include={"times"}))["times"]
        before = recorded.get(key)
        if before is not None and before["asked"] != asked:
            raise InputError(
                "was begun with other times",
                source=store,
                field=f"times at T = {key}",
                expected=before["asked"],
                found=asked,
            )
        measured = isinstance(point.times, RelaxationTimes)
        grid = None if measured else list(config.fixed_times(point))
        recorded.setdefault(key, {"asked": asked, "grid": grid})
    update_attributes(store, times=recorded)


def _differences(a: Any, b: Any, prefix: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(set(a) | set(b))
        return [d for k in keys for d in _differences(a.get(k), b.get(k), f"{prefix}.{k}")]
    return [] if a == b else [f"{prefix.lstrip('.')} (now {a}, was {b})"]


def _result(future: Any) -> str | None:
    """What a task found wrong; raises what is not about the input, such as a bug."""
    from distributed.scheduler import KilledWorker

    try:
        problem: str | None = future.result()
    except KilledWorker:
        problem = "its process ended before the task was done; the system kills processes when "
        problem += "memory runs out"
    return problem


@dataclass
class _Progress:
    """A configuration on its way."""

    identity: Identity
    folder: Path
    times: Times | None = None
    missing: set[int] = field(default_factory=set)


class _Scheduler:
    """Submits each task when what it needs is there, and collects what fails."""

    def __init__(
        self,
        config: SimulationConfig,
        potential: Potential,
        store: Path,
        work: Path,
        client: Client,
        advance: Callable[[], None],
    ) -> None:
        self.config, self.potential = config, potential
        self.store, self.work = store, work
        self.client, self.advance = client, advance
        self.failures: dict[str, str] = {}
        self.stage: dict[str, tuple[str, _Progress, int]] = {}

    def run(self, todo: list[tuple[StatePoint, Identity]]) -> dict[str, str]:
        from distributed import as_completed

        self.queue = as_completed()
        self.rank = {identity.name: k for k, (_, identity) in enumerate(todo)}
        self.waiting: dict[float, list[_Progress]] = {}
        self.unprepared: dict[float, int] = {}
        self.points = {point.temperature: point for point, _ in todo}
        for point, identity in todo:
            self.unprepared[point.temperature] = self.unprepared.get(point.temperature, 0) + 1
            item = _Progress(identity, self.work / identity.name)
            self._submit("prepare", item, prepare)
        for future in self.queue:
            self._completed(future)
        return self.failures

    def _submit(
        self,
        stage: str,
        item: _Progress,
        task: Callable[..., None],
        *arguments: Any,
        number: int = 0,
    ) -> None:
        future = self.client.submit(
            attempt,
            task,
            self.config,
            self.potential,
            item.folder,
            item.identity,
            *arguments,
            pure=False,
            retries=0,
            priority=-self.rank[item.identity.name],
        )
        self.stage[future.key] = (stage, item, number)
        self.queue.add(future)

    def _completed(self, future: Any) -> None:
        stage, item, number = self.stage.pop(future.key)
        self.advance()
        name = item.identity.name
        problem = _result(future)
        if problem is not None:
            self.failures.setdefault(name, problem)
        if stage == "prepare":
            self._prepared(item)
        elif stage == "trajectory":
            item.missing.discard(number)
            if not item.missing and name not in self.failures:
                self._finish(item)

    def _prepared(self, item: _Progress) -> None:
        temperature = item.identity.temperature
        self.unprepared[temperature] -= 1
        self.waiting.setdefault(temperature, []).append(item)
        point = self.points[temperature]
        if isinstance(point.times, RelaxationTimes) and self.unprepared[temperature]:
            return  # the times follow from the relaxation time of all of them
        ready = [i for i in self.waiting.pop(temperature) if i.identity.name not in self.failures]
        if ready:
            times = self._times(point, ready)
            for one in ready:
                self._start_trajectories(one, times)

    def _times(self, point: StatePoint, ready: list[_Progress]) -> Times:
        recorded = store_attributes(self.store)["times"]
        entry = recorded[f"{point.temperature:g}"]
        if entry["grid"] is None:
            assert isinstance(point.times, RelaxationTimes)
            measured: list[Any] = [
                read_json(i.folder / "equilibrated.json").get("tau_alpha") for i in ready
            ]
            if None in measured:
                raise InputError("damaged: no relaxation time", source=self.work)
            entry["grid"] = list(point.times.grid(float(np.median(measured))))
            update_attributes(self.store, times=recorded)
        return tuple(entry["grid"])

    def _start_trajectories(self, item: _Progress, times: Times) -> None:
        item.times = times
        item.missing = set(range(self.config.n_trajectories))
        for r in range(self.config.n_trajectories):
            self._submit("trajectory", item, run_trajectory, times, r, number=r)

    def _finish(self, item: _Progress) -> None:
        self._submit("finish", item, finish, item.times, self.store)
