"""Which task of a simulation runs when: each as soon as what it needs is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.potential import Potential
from ..data.store import store_attributes, update_attributes
from ..written import read_json
from .begun import key_of
from .chain_tasks import finish_start, keep_end, next_segment, prepare_chain, run_segment
from .chains import Schedule
from .config import RelaxationTimes, SimulationConfig, StatePoint, Times
from .seeds import Identity
from .tasks import attempt, finish, prepare, run_trajectory

if TYPE_CHECKING:
    from distributed import Client


@dataclass
class Item:
    """A configuration or a chain on its way.

    Attributes
    ----------
    wanted
        Names in the store of what it makes, as far as they are not there.
    missing
        Numbers of the trajectories that are not done.
    waiting
        Of a chain, the starts whose labels are not known yet.
    """

    point: StatePoint
    identity: Identity
    folder: Path
    wanted: set[str] = field(default_factory=set)
    times: Times = ()
    schedule: Schedule | None = None
    missing: set[int] = field(default_factory=set)
    waiting: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.identity.is_chain:
            self.wanted = {self.identity.start_name(k) for k in range(self.n_starts)}
        else:
            self.wanted = {self.identity.name}

    @property
    def n_starts(self) -> int:
        """Starts that are asked for of a chain."""
        return self.point.chains.starts if self.point.chains else 0

    @property
    def wanted_starts(self) -> list[int]:
        """Those of a chain's starts that are not in the store."""
        return [k for k in range(self.n_starts) if self.identity.start_name(k) in self.wanted]

    def n_steps(self, config: SimulationConfig) -> int:
        """Steps of the progress bar; how many segments a chain has is known only later."""
        return 1 + (len(self.wanted) if self.identity.is_chain else config.n_trajectories + 1)


class Scheduler:
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
        self.stage: dict[str, tuple[str, Item, int]] = {}

    def run(self, todo: list[Item]) -> dict[str, str]:
        """Do it all; returns what went wrong, by the name of the configuration or chain."""
        from distributed import as_completed

        self.queue = as_completed()
        self.rank = {item.identity.name: k for k, item in enumerate(todo)}
        self.ready: dict[float, list[Item]] = {}
        self.unprepared: dict[float, list[Item]] = {}
        for item in todo:
            self.unprepared.setdefault(item.point.temperature, []).append(item)
            if item.identity.is_chain:
                first = min(item.wanted_starts)
                self._submit("prepare", item, prepare_chain, self.store, first)
            else:
                self._submit("prepare", item, prepare)
        for future in self.queue:
            self._completed(future)
        return self.failures

    def _submit(
        self,
        stage: str,
        item: Item,
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
        if stage != "segment":
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
                self._submit("finish", item, finish, item.times, self.store)
        elif stage == "segment" and problem is None:
            self._go_on(item, number + 1)

    def _prepared(self, item: Item) -> None:
        temperature = item.identity.temperature
        self.unprepared[temperature].remove(item)
        self.ready.setdefault(temperature, []).append(item)
        # What is in units of the relaxation time follows from all that there are.
        measures = isinstance(item.point.times, RelaxationTimes) or self._spacing(item) is None
        if measures and self.unprepared[temperature]:
            return
        ready = self.ready.pop(temperature)
        ready = [i for i in ready if i.identity.name not in self.failures]
        if ready:
            self._fix_scales(item.point, ready)
        for one in ready:
            if one.identity.is_chain:
                self._start_chain(one)
            else:
                self._start_trajectories(one)

    def _spacing(self, item: Item) -> float | None:
        """Of the chains at this temperature; None where it is still to be measured."""
        if item.point.chains is None or not item.point.chains.n_chains:
            return 0.0
        spacing = store_attributes(self.store)["chains"][key_of(item.point)]["spacing"]
        return None if spacing is None else float(spacing)

    def _fix_scales(self, point: StatePoint, ready: list[Item]) -> None:
        """Record the grid of times and the spacing of chains that a relaxation time gives."""
        attributes = store_attributes(self.store)
        times, chains = attributes["times"], attributes.get("chains", {})
        grid, spacing = times[key_of(point)], chains.get(key_of(point))
        if grid["grid"] is None or (spacing is not None and spacing["spacing"] is None):
            tau_alpha = _relaxation_time(ready)
            if grid["grid"] is None:
                assert isinstance(point.times, RelaxationTimes)
                grid["grid"] = list(point.times.grid(tau_alpha))
            if spacing is not None and spacing["spacing"] is None:
                assert point.chains is not None
                spacing["spacing"] = float(f"{point.chains.spacing * tau_alpha:.3g}")
            update_attributes(self.store, times=times, chains=chains)
        for item in ready:
            item.times = tuple(grid["grid"])
            if item.identity.is_chain:
                assert point.chains is not None and spacing is not None
                item.schedule = Schedule.of(point.chains, item.times, spacing["spacing"])

    def _start_trajectories(self, item: Item) -> None:
        item.missing = set(range(self.config.n_trajectories))
        for r in range(self.config.n_trajectories):
            self._submit("trajectory", item, run_trajectory, item.times, r, number=r)

    def _start_chain(self, item: Item) -> None:
        item.waiting = item.wanted_starts
        self._go_on(item, next_segment(item.folder))

    def _go_on(self, item: Item, segment: int) -> None:
        """Run a chain's next segment, and finish the starts whose last label is there."""
        schedule = item.schedule
        assert schedule is not None
        if segment < schedule.segments(item.n_starts):
            arguments = (schedule, segment)
            self._submit("segment", item, run_segment, *arguments, number=segment)
        if segment >= schedule.kept(item.n_starts):
            keep_end(item.folder, item.identity, schedule, item.n_starts, self.store)
        while item.waiting and schedule.segments(item.waiting[0] + 1) <= segment:
            start = item.waiting.pop(0)
            self._submit("start", item, finish_start, schedule, start, self.store, number=start)


def _relaxation_time(items: list[Item]) -> float:
    """The median of what their equilibrations measured."""
    records = [read_json(i.folder / "equilibrated.json") for i in items]
    return float(np.median([record["tau_alpha"] for record in records]))


def _result(future: Any) -> str | None:
    """What a task found wrong; raises what is not about the input, such as a bug."""
    from distributed.scheduler import KilledWorker

    try:
        problem: str | None = future.result()
    except KilledWorker:
        problem = "its process ended before the task was done; the system kills processes when "
        problem += "memory runs out"
    return problem
