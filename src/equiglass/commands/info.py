"""``equiglass info``: what a data set holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.accuracy import coarsest_accuracy
from ..data.configuration import Configuration
from ..data.dataset import Data, as_dataset
from ..data.fields import FIELDS
from ..data.relaxation import PUBLISHED
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..evaluation.correlation import mean_and_std
from ..evaluation.dynamics import (
    UNKNOWN_WAVE_NUMBER,
    DynamicsRow,
    dynamics,
    relaxation_time,
    relaxation_times,
)
from ..geometry.pairs import mean_neighbours
from .info_trajectory import as_trajectory, describe_trajectory

EDGE_CUTOFF = 2.0


def info(
    data: Data | Trajectory,
    *,
    species: Sequence[str] | None = None,
    most_loaded: int = 20,
    timestep: float | None = None,
) -> dict[str, Any]:
    """Summary of a data set; statistics are over at most ``most_loaded`` configurations.

    Of a trajectory, the dynamics along it: a file of several frames that state their times, or
    steps where the timestep is given.

    Parameters
    ----------
    timestep
        Of the integration, tau_LJ, where a trajectory states steps and not times.

    Raises
    ------
    InputError
        If a configuration that is loaded cannot be read, or a timestep is given for what is no
        trajectory.
    """
    trajectory = as_trajectory(data, timestep, species)
    if trajectory is not None:
        summary = describe_trajectory(trajectory)
        return {**summary, "edges_per_particle": _edges(trajectory[0]), "edge_cutoff": EDGE_CUTOFF}
    if timestep is not None:
        raise InputError(
            "a timestep is for trajectories", source=str(data), field="timestep",
            expected="a LAMMPS dump, GSD or extended xyz file of several frames",
        )  # fmt: skip
    assert not isinstance(data, Trajectory)
    dataset = as_dataset(data, species=species)
    n = len(dataset)
    chosen = np.unique(np.linspace(0, n - 1, min(n, most_loaded)).astype(int))
    first = dataset[int(chosen[0])]
    # End positions are by far the largest array, and nothing here needs them.
    loaded = [dataset[int(k)].replace(end_positions=None) for k in chosen]
    rows = dynamics(loaded)
    sizes = Counter(len(c) for c in loaded)
    accuracy = coarsest_accuracy(loaded)
    return {
        "source": dataset.source,
        "formats": dict(Counter(e.format for e in dataset.entries)),
        "n_configurations": n,
        "n_loaded": len(loaded),
        "splits": {name: len(split) for name, split in dataset.splits.items()},
        "n_particles": sorted(sizes),
        "composition": first.composition,
        "box": first.box.tolist(),
        "dimensions": first.dimensions,
        "density": first.density,
        "temperatures": sorted({c.temperature for c in loaded if c.temperature is not None}),
        "potential": None if first.potential is None else first.potential.model_dump(mode="json"),
        "accuracy": None if accuracy is None else accuracy.model_dump(mode="json"),
        "times": first.times.tolist() if first.times is not None else [],
        "times_by_temperature": times_by_temperature(loaded),
        "n_trajectories": first.n_trajectories,
        "fields": [name for name in FIELDS if getattr(first, name) is not None],
        "predictions": sorted(first.predictions),
        "energy": {
            name: mean_and_std([float(getattr(c, name).mean()) for c in loaded])[0]
            for name in ("thermal_energy", "inherent_energy")
            if all(getattr(c, name) is not None for c in loaded)
        },
        "targets": [row.as_dict() for row in rows],
        "relaxation_times": _relaxation_times(loaded, rows),
        "edges_per_particle": _edges(first),
        "edge_cutoff": EDGE_CUTOFF,
    }


def times_by_temperature(loaded: Sequence[Configuration]) -> dict[str, list[float]]:
    """The times of each temperature, under ``all`` where it is not known."""
    result: dict[str, list[float]] = {}
    for c in loaded:
        if c.times is not None:
            key = "all" if c.temperature is None else f"{c.temperature:g}"
            result.setdefault(key, c.times.tolist())
    return dict(sorted(result.items()))


def _relaxation_times(
    loaded: Sequence[Configuration], rows: Sequence[DynamicsRow]
) -> list[dict[str, Any]]:
    """tau_alpha of each temperature: what the data state, and where their own F_s crosses 1/e."""
    groups: dict[tuple[float | None, str], list[Configuration]] = {}
    for c in loaded:
        if c.relaxation_time is not None:
            key = (c.temperature, c.relaxation_time.definition)
            groups.setdefault(key, []).append(c)
    result = []
    definitions: dict[float | None, str] = {}
    for (temperature, definition), members in groups.items():
        stated = relaxation_time(members)
        assert stated is not None
        result.append((temperature, stated, "stated by the data"))
        # The wave number at which data state it is the one at which their F_s was measured.
        if definition != PUBLISHED:
            definitions[temperature] = definition
    for temperature in dict.fromkeys(r.temperature for r in rows):
        mine = [r for r in rows if r.temperature == temperature]
        definition = definitions.get(temperature, UNKNOWN_WAVE_NUMBER)
        for crossing in relaxation_times(mine, definition=definition).values():
            result.append((temperature, crossing, "F_s of type A in these data"))
    return [
        {"temperature": t, "value": tau.value, "definition": tau.definition, "from": origin}
        for t, tau, origin in sorted(result, key=lambda entry: entry[0] or 0.0)
    ]


def _edges(c: Configuration) -> float | None:
    return mean_neighbours(c.positions, c.box, EDGE_CUTOFF, c.periodic)
