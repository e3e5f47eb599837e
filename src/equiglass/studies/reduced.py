"""Several temperatures on one grid of times, in units of the relaxation time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset, Entry
from ..data.potential import KOB_ANDERSEN
from ..data.relaxation import PUBLISHED, RelaxationTime
from ..data.times import ka3d_relaxation_time, ka3d_times
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
    """The temperatures of the training configurations, increasing; of all, where no split is named.

    Raises
    ------
    InputError
        If there are fewer than two.
    """
    found = (data.split("train") if "train" in data.splits else data).temperatures()
    if len(found) < 2:
        raise InputError("the study needs several temperatures", source=data.source, found=found)
    return found


def at_reduced_times(dataset: Dataset) -> ReducedTimes:
    """The data set with times t / tau_alpha, at those that all temperatures have in common.

    A time is common where every temperature's training configurations (all, where no split is
    named) have one within ``TOLERANCE`` of their geometric mean, which, to two digits, becomes the
    time of all. Other configurations keep those of the common times that they have.

    The unit is the tau_alpha that the data state; or, where all training times are of the published
    grids of the Kob-Andersen mixture, what the publishers call so: these grids are at equal
    t / tau_alpha by their making, while a measured one has the error of a few runs.

    Raises
    ------
    InputError
        If a relaxation time is not known, if they are stated by different definitions, if no time
        is common to all temperatures, or a configuration has none of those that are.
    """
    loaded = [(entry, entry.load()) for entry in dataset.entries]
    groups: dict[float | None, list[Configuration]] = {}
    for _, c in loaded:
        if c.times is None:
            raise InputError("has no propensities", source=c.source)
        groups.setdefault(c.temperature, []).append(c)
    learned = [c for entry, c in loaded if entry.split == "train"] or [c for _, c in loaded]
    definition, units = _units(groups, learned)
    grids = {
        (c.temperature, tuple(c.times.tolist())): c.times / units[c.temperature]
        for c in learned
        if c.times is not None
    }
    times = _common(list(grids.values()))
    if not times:
        raise InputError(
            "the temperatures have no time t / tau_alpha in common",
            source=dataset.source,
            expected=f"times within {TOLERANCE:.0%} of their mean",
            found="; ".join(f"T = {t:g}: {_list(grid)}" for (t, _), grid in grids.items()),
        )
    entries = []
    for entry, c in loaded:
        rows = _rows(c, units[c.temperature], times)
        # End positions are heavy, and no study of temperatures reads them.
        reduced = c.replace(
            end_positions=None, relaxation_time=RelaxationTime(1.0, definition)
        ).at_times(list(rows), list(rows.values()))
        entries.append(Entry(entry.name, entry.format, lambda c=reduced: c, entry.split))  # type: ignore[misc]
    return ReducedTimes(Dataset(f"{dataset.source} (t/tau_alpha)", tuple(entries)), definition)


def _common(grids: Sequence[FloatArray]) -> list[float]:
    """The times that all grids have in common."""
    times: list[float] = []
    for ratio in min(grids, key=len):
        logarithms = [_logarithms(grid, ratio) for grid in grids]
        nearest = np.array([one[np.abs(one).argmin()] for one in logarithms])
        if np.abs(nearest - nearest.mean()).max() < TOLERANCE:
            times.append(float(ratio * np.exp(nearest.mean())))
    return times


def _rows(c: Configuration, unit: float, times: Sequence[float]) -> dict[int, float]:
    """The rows of a configuration that lie at common times, and what these are called."""
    assert c.times is not None
    rows = {}
    for time in times:
        logarithms = np.abs(_logarithms(c.times / unit, time))
        if logarithms.min() < TOLERANCE:
            rows[int(logarithms.argmin())] = float(f"{time:.2g}")
    if not rows:
        raise InputError(
            "has none of the times t / tau_alpha that all temperatures have", source=c.source,
            field="times", expected=_list(np.array(times)), found=_list(c.times / unit),
        )  # fmt: skip
    return rows


def _logarithms(grid: FloatArray, time: float) -> FloatArray:
    found: FloatArray = np.log(grid / time)
    return found


def _units(
    groups: Mapping[float | None, list[Configuration]], learned: Sequence[Configuration]
) -> tuple[str, dict[float | None, float]]:
    """By which definition, and of each temperature the relaxation time."""
    published = {t: ka3d_relaxation_time(t) for t in groups}
    if all(map(_is_published, learned)) and None not in published.values():
        return PUBLISHED, {t: tau.value for t, tau in published.items() if tau is not None}
    definition = _definition([c for members in groups.values() for c in members])
    return definition, {t: _relaxation_time(members).value for t, members in groups.items()}


def _is_published(c: Configuration) -> bool:
    """Whether its times are of the published grid of its temperature."""
    grid = None if c.temperature is None else ka3d_times(c.temperature)
    if (
        grid is None
        or c.times is None
        or not (c.potential is None or KOB_ANDERSEN.same_as(c.potential))
    ):
        return False
    return all(np.isclose(grid, t, rtol=1e-3).any() for t in c.times)


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
