"""``equiglass info``: what a data set holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .data.configuration import TYPE_NAMES, Configuration
from .data.dataset import Dataset
from .data.fields import FIELDS
from .errors import InputError
from .evaluation.correlation import ceiling, mean_and_std
from .graph import build_graph

EDGE_CUTOFF = 2.0


def info(dataset: Dataset, *, most_loaded: int = 20) -> dict[str, Any]:
    """Summary of a data set; statistics are over at most ``most_loaded`` configurations.

    Raises
    ------
    InputError
        If a configuration that is loaded cannot be read.
    """
    n = len(dataset)
    chosen = np.unique(np.linspace(0, n - 1, min(n, most_loaded)).astype(int))
    loaded = [dataset[int(k)] for k in chosen]
    first = loaded[0]
    sizes = Counter(len(c) for c in loaded)
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
        "times": first.times.tolist() if first.times is not None else [],
        "n_trajectories": first.n_trajectories,
        "fields": [name for name in FIELDS if getattr(first, name) is not None],
        "predictions": sorted(first.predictions),
        "energy": {
            name: mean_and_std([float(getattr(c, name).mean()) for c in loaded])[0]
            for name in ("thermal_energy", "inherent_energy")
            if all(getattr(c, name) is not None for c in loaded)
        },
        "targets": _targets(loaded),
        "edges_per_particle": _edges(first),
        "edge_cutoff": EDGE_CUTOFF,
    }


def _edges(configuration: Configuration) -> float | None:
    try:
        graph = build_graph(
            configuration.positions,
            configuration.box,
            EDGE_CUTOFF,
            periodic=configuration.periodic,
            source=configuration.source,
        )
    except InputError:
        return None
    return graph.n_edges / len(configuration)


def _targets(loaded: list[Configuration]) -> list[dict[str, Any]]:
    """Mean propensity and noise ceiling per type and time."""
    first = loaded[0]
    uniform = all(
        c.times is not None and first.times is not None and np.array_equal(c.times, first.times)
        for c in loaded
    )
    if first.propensity is None or first.times is None or not uniform:
        return []
    rows = []
    for t in range(first.n_types):
        for k, time in enumerate(first.times):
            values, ceilings = [], []
            for c in loaded:
                mask = c.types == t
                if c.propensity is None or not mask.any():
                    continue
                values.append(float(np.nanmean(c.propensity[k][mask])))
                if c.propensity_halves is not None:
                    ceilings.append(ceiling(c.propensity_halves[k][:, mask]))
            rows.append(
                {
                    "type": TYPE_NAMES[t],
                    "time": float(time),
                    "mean_propensity": mean_and_std(values)[0],
                    "ceiling": mean_and_std(ceilings)[0] if ceilings else None,
                }
            )
    return rows
