"""Several temperatures on one grid of times, in units of the relaxation time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset, Entry
from ..data.relaxation import RelaxationTime
from ..errors import InputError
from ..evaluation.dynamics import relaxation_time
from ..geometry.periodic import FloatArray

# Relative distance of a temperature's time from the mean of all temperatures: published grids are
# rounded, and a measured relaxation time has a statistical error of several per cent.
TOLERANCE = 0.08


@dataclass(frozen=True)
class ReducedTimes:
    """A data set whose times are t / tau_alpha, and the definition of that tau_alpha."""

    data: Dataset
    definition: str


def temperatures_of(data: Dataset) -> list[float]:
    """The temperatures of a data set, increasing.

    Raises
    ------
    InputError
        If there are fewer than two.
    """
    temperatures = data.temperatures()
    if len(temperatures) < 2:
        raise InputError(
            "the study needs several temperatures", source=data.source, found=temperatures
        )
    return temperatures


def at_reduced_times(dataset: Dataset) -> ReducedTimes:
    """The data set with times t / tau_alpha, at those that all temperatures have in common.

    A time is common where every temperature has one within ``TOLERANCE`` of their geometric mean,
    which, to two digits, becomes the time of all.

    Raises
    ------
    InputError
        If a relaxation time is not known, if they are stated by different definitions, or if no
        time is common to all temperatures.
    """
    loaded = [(entry, entry.load()) for entry in dataset.entries]
    groups: dict[float | None, list[Configuration]] = {}
    for _, c in loaded:
        if c.times is None:
            raise InputError("has no propensities", source=c.source)
        groups.setdefault(c.temperature, []).append(c)
    definition = _definition([c for _, c in loaded])
    grids = {
        t: np.asarray(members[0].times) / _relaxation_time(members).value
        for t, members in groups.items()
    }
    rows, times = _common(grids)
    if not times:
        raise InputError(
            "the temperatures have no time t / tau_alpha in common",
            source=dataset.source,
            expected=f"times within {TOLERANCE:.0%} of their mean",
            found="; ".join(f"T = {t:g}: {_list(grid)}" for t, grid in grids.items()),
        )
    entries = []
    for entry, c in loaded:
        # End positions are heavy, and no study of temperatures reads them.
        reduced = c.replace(
            end_positions=None, relaxation_time=RelaxationTime(1.0, definition)
        ).at_times(rows[c.temperature], times)
        entries.append(Entry(entry.name, entry.format, lambda c=reduced: c, entry.split))  # type: ignore[misc]
    return ReducedTimes(Dataset(f"{dataset.source} (t/tau_alpha)", tuple(entries)), definition)


def _common(
    grids: Mapping[float | None, FloatArray],
) -> tuple[dict[float | None, list[int]], list[float]]:
    """The rows of each temperature that all have in common, and their times."""
    rows: dict[float | None, list[int]] = {t: [] for t in grids}
    times: list[float] = []
    for ratio in min(grids.values(), key=len):
        nearest = {t: int(np.abs(np.log(grid / ratio)).argmin()) for t, grid in grids.items()}
        logarithms = np.log([grids[t][k] for t, k in nearest.items()])
        if np.abs(logarithms - logarithms.mean()).max() < TOLERANCE:
            times.append(float(f"{np.exp(logarithms.mean()):.2g}"))
            for t, k in nearest.items():
                rows[t].append(k)
    return rows, times


def _relaxation_time(configurations: list[Configuration]) -> RelaxationTime:
    tau_alpha = relaxation_time(configurations)
    if tau_alpha is None:
        raise InputError(
            "the relaxation time of this temperature is not known",
            source=configurations[0].source,
            field="relaxation_time",
            found=f"T = {configurations[0].temperature}",
        )
    return tau_alpha


def _definition(configurations: list[Configuration]) -> str:
    """By which the relaxation times are stated; raises InputError if they differ or are unknown."""
    stated = relaxation_time(configurations)
    return stated.definition if stated is not None else "unknown"


def _list(grid: FloatArray) -> str:
    return ", ".join(f"{t:.2g}" for t in grid)
