"""LAMMPS and OpenMM against each other and against a plain double loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.potential import POTENTIALS, load_potential
from equiglass.errors import InputError
from equiglass.geometry.periodic import minimum_image
from equiglass.simulation.engine import Engine, open_engine
from equiglass.simulation.lammps import LammpsEngine
from tests.conftest import make_liquid
from tests.simulation.test_quench import energy_and_forces

KA = POTENTIALS["kob-andersen"]


@pytest.fixture(params=["lammps", "openmm"])
def engine_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "openmm":
        pytest.importorskip("openmm")
        # Threads of a few hundred particles only wait for each other.
        monkeypatch.setenv("OPENMM_CPU_THREADS", "1")
    return str(request.param)


def relaxed() -> Configuration:
    liquid = make_liquid()
    with LammpsEngine(liquid, KA) as engine:
        engine.minimize(1e-1)
        return liquid.replace(positions=engine.positions)


def test_forces_and_energy(engine_name: str) -> None:
    """To 1e-5 of the double loop: OpenMM computes forces in single precision."""
    liquid = make_liquid()
    energies, forces = energy_and_forces(liquid, KA)
    with open_engine(engine_name, liquid, KA) as engine:
        assert np.isclose(engine.energy, energies.mean(), rtol=1e-5)
        assert np.abs(engine.forces - forces).max() < 1e-5 * np.abs(forces).max()
        assert np.abs(minimum_image(engine.positions - liquid.positions, liquid.box)).max() < 1e-5


def mean_temperature(engine: Engine, n: int, samples: int = 40) -> float:
    values = []
    for _ in range(samples):
        engine.run(50, 0.004)
        values.append((engine.velocities**2).sum() / (3 * n - 3))
    return float(np.mean(values))


def test_thermostat_and_momentum(engine_name: str) -> None:
    with open_engine(engine_name, relaxed(), KA) as engine:
        engine.draw_velocities(1.0, seed=11)
        assert np.abs(engine.velocities.mean(axis=0)).max() < 1e-6
        assert np.isclose((engine.velocities**2).sum() / (3 * 299), 1.0, rtol=1e-5)
        engine.thermostat(1.0, 1.0)
        engine.run(1000, 0.004)
        # Single values scatter by sqrt(2 / 3N) = 0.047; the mean of sixty is much closer.
        assert abs(mean_temperature(engine, 300) - 1.0) < 0.04
        assert np.abs(engine.velocities.mean(axis=0)).max() < 1e-4


def test_cooling_ramp(engine_name: str) -> None:
    with open_engine(engine_name, relaxed(), KA) as engine:
        engine.draw_velocities(2.0, seed=5)
        engine.thermostat(2.0, 0.6)
        engine.run(2000, 0.004)
        engine.thermostat(0.6, 0.6)
        assert abs(mean_temperature(engine, 300, 20) - 0.6) < 0.08


def test_unwrapped_positions_cross_the_boundary(engine_name: str) -> None:
    with open_engine(engine_name, relaxed(), KA) as engine:
        start = engine.unwrapped
        engine.draw_velocities(2.0, seed=1)
        engine.thermostat(2.0, 2.0)
        engine.run(2000, 0.004)
        moved = engine.unwrapped - start
        folded = minimum_image(engine.positions - start, np.full(3, 300 / 1.2) ** (1 / 3))
        inside = np.abs(moved).max(axis=1) < 3
        assert inside.sum() > 100
        assert np.allclose(moved[inside], folded[inside], atol=1e-4)


def test_energy_is_conserved_without_a_thermostat() -> None:
    """NVE at the production timestep: drift per particle over 50 tau far below kT."""
    with LammpsEngine(relaxed(), KA) as engine:
        engine.draw_velocities(1.0, seed=3)
        engine.thermostat(0.6, 0.6)
        engine.run(2000, 0.004)
        engine.commands("unfix integrate", "fix integrate all nve")

        def total() -> float:
            return engine.energy + (engine.velocities**2).sum() / (2 * 300)

        first = []
        for _ in range(20):
            engine.run(25, 0.005)
            first.append(total())
        engine.run(10_000, 0.005)
        last = []
        for _ in range(20):
            engine.run(25, 0.005)
            last.append(total())
    assert abs(np.mean(last) - np.mean(first)) < 2e-3


def test_tabulated_pairs(tmp_path: Path) -> None:
    """A table of the Lennard-Jones pair gives the Lennard-Jones energies and forces."""
    r = np.linspace(0.55, 2.5, 400)
    lines = ["name: table", "species: [A, B]", "masses: [1, 1]", "pairs:"]
    for name, pair in KA.pairs.items():
        grid = r * pair.cutoff / 2.5
        s6 = (pair.sigma / grid) ** 6  # type: ignore[union-attr]
        energy = 4 * pair.epsilon * (s6**2 - s6)  # type: ignore[union-attr]
        energy -= energy[-1]
        if name == "BB":
            lines.append("  BB: {epsilon: 0.5, sigma: 0.88, cutoff: 2.2}")
            continue
        lines.append(f"  {name}: {{sigma: {pair.sigma}, r: {grid.tolist()}, ")
        lines.append(f"    energy: {energy.tolist()}}}")
    file = tmp_path / "table.yaml"
    file.write_text("\n".join(lines))
    table = load_potential(file)
    liquid = relaxed()
    energies, forces = energy_and_forces(liquid, KA)
    with LammpsEngine(liquid, table) as engine:
        assert np.allclose(engine.energies, energies, atol=2e-4)
        assert np.abs(engine.forces - forces).max() < 1e-3
    pytest.importorskip("openmm")
    with pytest.raises(InputError, match="no tabulated pairs"):
        open_engine("openmm", liquid, table)


def test_what_openmm_refuses() -> None:
    pytest.importorskip("openmm")
    layer = make_liquid().replace(periodic=(True, True, False))
    with pytest.raises(InputError, match="three dimensions.*expected lammps"):
        open_engine("openmm", layer, KA)
    with pytest.raises(InputError, match="smaller than twice the cutoff"):
        open_engine("openmm", make_liquid(100), KA)
    with pytest.raises(InputError, match="types: has more types .*at most 2, found 3"):
        open_engine("openmm", make_liquid().replace(types=np.arange(300) % 3), KA)
