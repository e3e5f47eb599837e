"""The potentials of docs/potential.md, as a user of them meets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import equiglass as eg
from equiglass.data.potential import WAHNSTROM, load_potential
from equiglass.simulation.config import load_simulation_config
from tests.conftest import make_liquid

FOLDER = Path(__file__).parents[2] / "examples" / "potential"


def test_the_file_is_the_built_in_potential() -> None:
    assert load_potential(FOLDER / "wahnstrom.yaml").same_as(WAHNSTROM)
    config = load_simulation_config(FOLDER / "simulation.yaml")
    assert config.density == 1.296 and config.composition == (0.5, 0.5)
    # The same number of particles in a volume counted by the smaller diameter.
    assert np.isclose(config.density * WAHNSTROM.pair(1, 1).sigma ** 3, 0.75)


def test_the_table_is_the_same_liquid(tmp_path: Path) -> None:
    """The inherent structure of the formula has the same energies by LAMMPS under the table."""
    types = np.arange(216) % 2
    start = make_liquid(n=216, density=1.296).replace(types=types, potential=None)
    formula, table = (load_potential(FOLDER / f"{n}.yaml") for n in ("wahnstrom", "tabulated"))
    (first,) = eg.quench(start, potential=formula, cache=tmp_path, n_processes=1)
    assert first.inherent_positions is not None and first.inherent_energy is not None
    bare = start.replace(positions=first.inherent_positions)
    (second,) = eg.quench(bare, potential=table, cache=tmp_path, n_processes=1)
    assert second.potential is not None and not second.potential.same_as(WAHNSTROM)
    np.testing.assert_allclose(second.thermal_energy, first.inherent_energy, atol=1e-3)
