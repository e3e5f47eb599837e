"""Training examples from one trajectory: frames labelled by what this run did after and before.

In equilibrium velocities are independent of positions, so |r_i(t0 + t) - r_i(t0)| in one run is an
unbiased draw of the propensity of the frame at t0. The run backwards is a run too, and gives the
same for the frame at t0 + t. Each label is one draw: noisy, but there are as many as frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .configuration import Configuration
from .dataset import Dataset
from .entry import Entry
from .folder import SPLITS
from .relaxation import RelaxationTime
from .trajectory import Trajectory

Array = NDArray[np.float64]
Direction = Literal["forward", "reversed"]
DIRECTIONS: tuple[Direction, ...] = ("forward", "reversed")
TOLERANCE = 1e-4  # of a lag: times in files are rounded


@dataclass(frozen=True)
class Stretch:
    """Frames ``first`` to ``last``, both of it, and the split that they are for."""

    first: int
    last: int
    split: str | None = None


@dataclass(frozen=True)
class Example:
    """Which frames one example is made of: its own, and for each time the one that labels it."""

    trajectory: Trajectory
    frame: int
    ends: tuple[int | None, ...]
    times: tuple[float, ...]
    direction: Direction
    temperature: float | None = None
    relaxation_time: RelaxationTime | None = None

    @property
    def time(self) -> float:
        """When its frame was, tau_LJ."""
        return float(self.trajectory.times[self.frame])

    def within(self, start: float, stop: float) -> Example | None:
        """The same from this stretch of time alone; None if no label is left."""
        if not start <= self.time <= stop:
            return None
        times = self.trajectory.times
        ends = tuple(
            end if end is not None and start <= times[end] <= stop else None for end in self.ends
        )
        return replace(self, ends=ends) if any(end is not None for end in ends) else None

    def load(self) -> Configuration:
        """The frame with its labels.

        Raises
        ------
        InputError
            If the frame cannot be read, or states another temperature than the first.
        """
        start = self.trajectory.frame(self.frame).without_targets()
        if None not in (start.temperature, self.temperature) and (
            start.temperature != self.temperature
        ):
            raise InputError(
                "another temperature than that of the first frame: examples are of equilibrium",
                source=start.source, field="temperature", expected=self.temperature,
                found=start.temperature,
            )  # fmt: skip
        labels = np.full((len(self.times), len(start)), np.nan)
        for row, end in enumerate(self.ends):
            if end is not None:
                moved = self.trajectory.displacements(self.frame, end)
                labels[row] = np.linalg.norm(moved, axis=1)
        return start.replace(
            times=np.array(self.times),
            propensity=labels,
            n_trajectories=1,
            temperature=self.temperature,
            relaxation_time=self.relaxation_time or start.relaxation_time,
            source=f"{start.source}[{self.direction}]",
        )

    def entry(self, split: str | None = None) -> Entry:
        """As a member of a data set."""
        t = self.trajectory
        return Entry(
            f"{t.source}[{self.frame}][{self.direction}]", t.format, self.load, split,
            self.temperature, run=t.source, example=self,
        )  # fmt: skip


def stretches(
    trajectory: Trajectory, shares: Mapping[str, float], gap: float
) -> tuple[Stretch, ...]:
    """Consecutive stretches of time, one for each split, with a gap between them.

    Parameters
    ----------
    shares
        Of the time that the gaps leave, such as ``{"train": 0.8, "test": 0.2}``.
    gap
        Time between the last frame of one and the first of the next, tau_LJ: several relaxation
        times, so that structures on both sides are independent.

    Raises
    ------
    InputError
        If a split is not known, or the trajectory is too short for these.
    """
    unknown = set(shares) - set(SPLITS)
    if unknown or not shares or min(shares.values()) <= 0:
        raise InputError(
            "shares of the splits must be positive", field="shares", expected=", ".join(SPLITS),
            found=dict(shares),
        )  # fmt: skip
    times = trajectory.times
    free = float(times[-1] - times[0]) - gap * (len(shares) - 1)
    result = []
    start = float(times[0])
    for split, share in shares.items():
        stop = start + max(free, 0.0) * share / sum(shares.values())
        # Rounding must not lose the last frame.
        slack = 1e-9 * float(times[-1] - times[0])
        inside = np.flatnonzero((times >= start - slack) & (times <= stop + slack))
        if free <= 0 or len(inside) < 2:
            raise InputError(
                "the trajectory is too short for these splits", source=trajectory.source,
                field=split, expected=f"more than {gap * (len(shares) - 1):g} of gaps",
                found=f"{times[-1] - times[0]:g}",
            )  # fmt: skip
        result.append(Stretch(int(inside[0]), int(inside[-1]), split))
        start = stop + gap
    return tuple(result)


def examples_of(
    trajectory: Trajectory,
    times: Sequence[float],
    stride: int = 1,
    *,
    within: Sequence[Stretch] | None = None,
    directions: Sequence[Direction] = DIRECTIONS,
    temperature: float | None = None,
    relaxation_time: RelaxationTime | None = None,
) -> Dataset:
    """Frames of a trajectory with single-run labels, each loaded when it is asked for.

    An example is the frame as it is, with ``propensity`` (T, N) from this one run, after it or,
    reversed, before it; rows whose time falls on no frame are NaN. A frame without any label is
    no example.

    Parameters
    ----------
    times
        (T,) lags of the labels, tau_LJ, increasing.
    stride
        Every so many frames one is a start.
    within
        Stretches of the trajectory, from which both start and end frames are taken, so that
        nothing of one is in another. By default the whole.
    temperature, relaxation_time
        Where the file does not state them.

    Raises
    ------
    InputError
        If the times or the stride make no sense, no frame has a label, or the file states another
        temperature.
    """
    lags = np.asarray(times, dtype=np.float64)
    if lags.ndim != 1 or not len(lags) or lags[0] <= 0 or (np.diff(lags) <= 0).any():
        raise InputError("must be positive and increase", field="times", found=list(times))
    if stride < 1:
        raise InputError("must be at least 1", field="stride", found=stride)
    entries = []
    stated = trajectory.frame(0).temperature
    if None not in (stated, temperature) and stated != temperature:
        raise InputError(
            "the file states another temperature", source=trajectory.source, field="temperature",
            expected=temperature, found=stated,
        )  # fmt: skip
    known = temperature if stated is None else stated
    for stretch in within or (Stretch(0, len(trajectory) - 1),):
        for k in range(stretch.first, stretch.last + 1, stride):
            for direction in directions:
                ends = _ends(trajectory.times, k, lags, stretch, direction)
                if any(end is not None for end in ends):
                    grid = tuple(lags.tolist())
                    example = Example(trajectory, k, ends, grid, direction, known, relaxation_time)
                    entries.append(example.entry(stretch.split))
    if not entries:
        length = float(trajectory.times[-1] - trajectory.times[0])
        raise InputError(
            "no frame lies one of these times after another", source=trajectory.source,
            field="times", expected=f"differences of frames' times, up to {length:g}",
            found=lags.tolist(),
        )  # fmt: skip
    return Dataset(trajectory.source, tuple(entries))


def _ends(
    times: Array, k: int, lags: Array, stretch: Stretch, direction: Direction
) -> tuple[int | None, ...]:
    wanted = times[k] + lags if direction == "forward" else times[k] - lags
    inside = times[stretch.first : stretch.last + 1]
    right = np.clip(np.searchsorted(inside, wanted), 1, len(inside) - 1)
    nearest = np.where(wanted - inside[right - 1] < inside[right] - wanted, right - 1, right)
    fits = np.abs(inside[nearest] - wanted) <= TOLERANCE * lags
    return tuple(
        int(stretch.first + n) if fit else None for n, fit in zip(nearest, fits, strict=True)
    )
