"""Chains: long runs in which every so often a start is labelled by what follows in the same run.

In equilibrium velocities are independent of positions, so what a run does after any of its frames
is one draw of that frame's propensity. A chain is cut into segments; each begins from the positions
and velocities that the one before left on the disk, also when nothing was stopped, so that a chain
is the same to the last bit however often it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..geometry.periodic import wrap
from .config import Chains, SimulationConfig, Times
from .engine import open_engine
from .isoconfigurational import Measurement, advance, require_finite, stack_rows
from .seeds import Identity, lammps_seed, rng
from .work import load_arrays, save_arrays

Array = NDArray[np.float64]
TICKS = 10**9  # in tau_LJ: times are compared as integers, which sums of floats are not


@dataclass(frozen=True)
class Schedule:
    """When a chain's starts are, when their labels are due, and where it is cut; in tau_LJ.

    Nothing depends on how many starts are asked for, so that a chain can be continued.

    Attributes
    ----------
    spacing
        From one start to the next.
    segment
        Longest stretch between two states on disk; each spacing is cut into equal parts.
    """

    times: Times
    spacing: float
    segment: float

    @classmethod
    def of(cls, chains: Chains, times: Times, spacing: float) -> Self:
        """The schedule of settings, with times and spacing known."""
        return cls(times, spacing, chains.segment)

    @property
    def parts(self) -> int:
        """Segments from one start to the next."""
        return int(np.ceil(self.spacing / self.segment - 1e-9))

    def _boundary(self, segment: int) -> int:
        return segment * round(self.spacing * TICKS) // self.parts

    def segments(self, starts: int) -> int:
        """How many segments it takes until the last of the starts has all its labels."""
        end = self._boundary((starts - 1) * self.parts) + round(self.times[-1] * TICKS)
        segment = (starts - 1) * self.parts
        while self._boundary(segment) < end:
            segment += 1
        return segment

    def kept(self, starts: int) -> int:
        """The segment from which more starts can be run: where the next is, or before it."""
        return min(starts * self.parts, self.segments(starts))

    def events(self, segment: int) -> Iterator[tuple[float, list[tuple[int, int]]]]:
        """Times after the segment's beginning, and the labels due at each: (start, time) numbers.

        The segment's end is the last, with or without labels.
        """
        begin, end = self._boundary(segment), self._boundary(segment + 1)
        due: dict[int, list[tuple[int, int]]] = {end: []}
        for start in range(segment // self.parts + 1):
            for k, time in enumerate(self.times):
                at = self._boundary(start * self.parts) + round(time * TICKS)
                if begin < at <= end:
                    due.setdefault(at, []).append((start, k))
        for at in sorted(due):
            yield (at - begin) / TICKS, due[at]


def state_file(folder: Path, segment: int) -> Path:
    """Where a segment begins: positions, velocities and images."""
    return folder / f"state-{segment}.npz"


def labels_file(folder: Path, segment: int) -> Path:
    """What a segment measured: one row for each of its ``labels``, (start, time) numbers."""
    return folder / f"labels-{segment}.npz"


def begin_chain(
    start: Configuration,
    config: SimulationConfig,
    potential: Potential,
    identity: Identity,
    folder: Path,
) -> None:
    """Write the first state: the equilibrated positions, with velocities drawn."""
    seed = lammps_seed(rng(config.seed, "chain", identity))
    positions = start.positions.astype(np.float64)
    with open_engine(config.engine, start, potential) as engine:
        engine.draw_velocities(identity.temperature, seed)
        save_arrays(
            state_file(folder, 0),
            positions=wrap(positions, start.box.astype(np.float64), start.periodic),
            velocities=engine.velocities,
            images=np.zeros((len(start), 3), dtype=np.int64),
        )


def run_chain_segment(
    start: Configuration,
    config: SimulationConfig,
    potential: Potential,
    identity: Identity,
    schedule: Schedule,
    folder: Path,
    segment: int,
) -> None:
    """From one state to the next; starts whose state is not in the folder are not labelled.

    The thermostat is that of the trajectories of ensembles, and begins anew with each segment, as
    theirs does with each trajectory; velocities go on.

    Raises
    ------
    InputError
        If the run blows up.
    """
    state = load_arrays(state_file(folder, segment))
    begin = start.replace(positions=state["positions"])
    box = begin.box.astype(np.float64)
    starts = _OpenStarts(start, config, potential, schedule, folder)
    labels: list[tuple[int, int]] = []
    rows: list[dict[str, NDArray[Any]]] = []
    with open_engine(config.engine, begin, potential) as engine:
        engine.set_velocities(state["velocities"])
        engine.thermostat(identity.temperature, identity.temperature)
        # The engine begins from the folded positions, so that only whole boxes are added.
        past = state["images"] * box
        done = 0.0
        for time, due in schedule.events(segment):
            advance(engine, time - done, config.timestep)
            done = time
            unwrapped, energy = engine.unwrapped, engine.energy
            require_finite(unwrapped, config, f"{identity.name}, segment {segment}")
            for number, k in due:
                opened = starts(number)
                if opened is not None:
                    origin, measurement = opened
                    moved = unwrapped + past - origin
                    rows.append(measurement(moved, unwrapped, energy))
                    labels.append((number, k))
        folded, velocities = engine.positions, engine.velocities
        images = state["images"] + np.rint((unwrapped - folded) / box).astype(np.int64)
    measured = stack_rows(rows) if rows else {}
    save_arrays(
        labels_file(folder, segment),
        labels=np.array(labels, dtype=np.int64).reshape(-1, 2),
        **measured,
    )
    # Last, because this file says that the segment is done.
    save_arrays(
        state_file(folder, segment + 1), positions=folded, velocities=velocities, images=images
    )


class _OpenStarts:
    """Positions and measurement of each start that labels of a segment are due for."""

    def __init__(
        self,
        like: Configuration,
        config: SimulationConfig,
        potential: Potential,
        schedule: Schedule,
        folder: Path,
    ) -> None:
        self.like, self.config, self.potential = like, config, potential
        self.schedule, self.folder = schedule, folder
        self.known: dict[int, tuple[Array, Measurement] | None] = {}

    def __call__(self, number: int) -> tuple[Array, Measurement] | None:
        """Unwrapped positions (N, 3) and measurement of a start; None if it is not there."""
        if number not in self.known:
            file = state_file(self.folder, number * self.schedule.parts)
            self.known[number] = self._opened(file) if file.is_file() else None
        return self.known[number]

    def _opened(self, file: Path) -> tuple[Array, Measurement]:
        state = load_arrays(file)
        configuration = self.like.replace(positions=state["positions"])
        measurement = Measurement(configuration, self.config, self.potential)
        return state["positions"] + state["images"] * configuration.box, measurement


def chain_start(
    like: Configuration, schedule: Schedule, folder: Path, identity: Identity, number: int
) -> tuple[Configuration, dict[str, NDArray[Any]]]:
    """A start as a configuration, and the one trajectory that followed it."""
    first = number * schedule.parts
    rows: dict[int, dict[str, NDArray[Any]]] = {}
    for segment in range(first, schedule.segments(number + 1)):
        measured = load_arrays(labels_file(folder, segment))
        labels = measured.pop("labels")
        for row, (start, k) in enumerate(labels.tolist()):
            if start == number:
                rows[k] = {name: array[row] for name, array in measured.items()}
    configuration = like.replace(
        positions=load_arrays(state_file(folder, first))["positions"],
        index=number,
        source=f"equiglass simulate, {identity.start_name(number)}, "
        f"{number * schedule.spacing:g} tau_LJ after the first start of {identity.name}",
    )
    return configuration, stack_rows([rows[k] for k in range(len(schedule.times))])
