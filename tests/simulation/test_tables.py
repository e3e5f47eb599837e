"""Potentials that begin at some distance, from random starts to a store that is read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN, Pair, Potential, TabulatedPair
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from equiglass.simulation.apart import apart
from equiglass.simulation.config import SimulationConfig
from equiglass.simulation.equilibrate import melt_and_cool, random_start
from equiglass.simulation.seeds import Identity

SETTINGS = SimulationConfig.model_validate(
    {
        "n_particles": 160,
        "temperatures": [1.0],
        "times": [1.0],
        "n_configurations": {"train": 1},
        "equilibration": {"melt_time": 0.5, "cool_time": 0.5},
    }
)
FIRST = Identity(1.0, "train", 0)


def tables(begin: float) -> Potential:
    """Kob-Andersen with tables in place of two of its formulas, from ``begin`` sigma on."""
    pairs: dict[str, Pair | TabulatedPair] = {}
    for name, pair in KOB_ANDERSEN.pairs.items():
        assert isinstance(pair, Pair)
        r = np.linspace(begin * pair.sigma, pair.cutoff, 400)
        energy = 4 * pair.epsilon * ((pair.sigma / r) ** 12 - (pair.sigma / r) ** 6)
        pairs[name] = pair if name == "BB" else TabulatedPair(
            sigma=pair.sigma, r=tuple(r), energy=tuple(energy - energy[-1])
        )  # fmt: skip
    return Potential(name="tables", species=["A", "B"], masses=[1.0, 1.0], pairs=pairs)


def test_random_starts(tmp_path: Path) -> None:
    potential, start = tables(0.75), random_start(SETTINGS, FIRST)
    moved = apart(start, potential)
    i, j = np.triu_indices(len(moved), 1)
    distances = np.linalg.norm(
        minimum_image(moved.positions[i] - moved.positions[j], moved.box), axis=1
    )
    nearest = {t: distances[(moved.types[i] + moved.types[j]) == t].min() for t in (0, 1)}
    assert nearest[0] > 0.75 and nearest[1] > 0.75 * 0.8
    assert apart(start, KOB_ANDERSEN) is start  # nothing of what formulas gave before changes
    made = melt_and_cool(SETTINGS, potential, FIRST).replace(potential=potential)
    write_store(tmp_path / "a.zarr", [("0", made, None)])
    back = read(tmp_path / "a.zarr")[0].potential
    assert back is not None and back.same_as(potential)


def test_a_table_that_begins_too_far_out() -> None:
    with pytest.raises(InputError, match=r"pairs.AA.r: the table begins too far out.*a first"):
        melt_and_cool(SETTINGS, tables(1.3), FIRST)
