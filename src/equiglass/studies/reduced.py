"""Several temperatures on one grid of times, in units of the relaxation time."""

from __future__ import annotations

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset, Entry
from ..errors import InputError
from ..evaluation.dynamics import relaxation_time

TOLERANCE = 0.08  # relative; published grids are rounded


def _relaxation_time(configurations: list[Configuration]) -> float:
    tau_alpha = relaxation_time(configurations)
    if tau_alpha is None:
        raise InputError(
            "the relaxation time of this temperature is not known",
            source=configurations[0].source,
            field="relaxation_time",
            found=configurations[0].temperature,
        )
    return tau_alpha.value


def at_reduced_times(dataset: Dataset) -> Dataset:
    """The data set with times t / tau_alpha, at those that all temperatures have in common.

    Raises
    ------
    InputError
        If a relaxation time is not known, or no time is common to all temperatures.
    """
    loaded = [(entry, entry.load()) for entry in dataset.entries]
    groups: dict[float | None, list[Configuration]] = {}
    for _, c in loaded:
        if c.times is None:
            raise InputError("has no propensities", source=c.source)
        groups.setdefault(c.temperature, []).append(c)
    grids = {
        t: np.asarray(members[0].times) / _relaxation_time(members) for t, members in groups.items()
    }
    reference = grids[min(grids, key=lambda t: len(grids[t]))]
    common = [
        float(f"{ratio:.2g}")
        for ratio in reference
        if all((np.abs(np.log(grid / ratio)) < TOLERANCE).any() for grid in grids.values())
    ]
    if not common:
        raise InputError(
            "the temperatures have no time t / tau_alpha in common", source=dataset.source
        )
    entries = []
    for entry, c in loaded:
        grid = grids[c.temperature]
        rows = [int(np.abs(np.log(grid / ratio)).argmin()) for ratio in common]
        reduced = _only_times(c, rows, common)
        entries.append(Entry(entry.name, entry.format, lambda c=reduced: c, entry.split))  # type: ignore[misc]
    return Dataset(f"{dataset.source} (t/tau_alpha)", tuple(entries))


def _only_times(c: Configuration, rows: list[int], times: list[float]) -> Configuration:
    fields = ("propensity", "propensity_error", "propensity_halves", "bond_breaking")
    kept = {f: None if getattr(c, f) is None else getattr(c, f)[rows] for f in fields}
    dropped = dict.fromkeys(
        ("end_positions", "self_scattering", "mean_squared_displacement", "overlap",
         "trajectory_energy")
    )  # fmt: skip
    return c.replace(times=np.array(times), predictions={}, **kept, **dropped)
