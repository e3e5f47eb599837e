"""Inherent structures: physics against independent facts, the cache, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import POTENTIALS, Potential, load_potential
from equiglass.errors import InputError
from equiglass.geometry.periodic import wrap
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.quench import quench, quench_configuration
from tests.conftest import make_liquid

KA = POTENTIALS["kob-andersen"]


def energy_and_forces(configuration, potential: Potential):  # type: ignore[no-untyped-def]
    """Energies per particle and forces by a plain double loop in NumPy."""
    vectors = configuration.positions[None] - configuration.positions[:, None]
    vectors -= configuration.box * np.round(vectors / configuration.box)
    r = np.linalg.norm(vectors, axis=2)
    np.fill_diagonal(r, np.inf)
    table = {}
    for name in ("epsilon", "sigma", "cutoff"):
        aa, ab, bb = (getattr(potential.pairs[p], name) for p in ("AA", "AB", "BB"))
        values = np.array([[aa, ab], [ab, bb]])
        table[name] = values[configuration.types[:, None], configuration.types[None]]

    def lennard_jones(distance: np.ndarray) -> np.ndarray:
        s6 = (table["sigma"] / distance) ** 6
        return 4 * table["epsilon"] * (s6**2 - s6)

    inside = r < table["cutoff"]
    pair = np.where(inside, lennard_jones(r) - lennard_jones(table["cutoff"]), 0.0)
    s6 = (table["sigma"] / r) ** 6
    magnitude = np.where(inside, 24 * table["epsilon"] * (2 * s6**2 - s6) / r, 0.0)
    with np.errstate(invalid="ignore"):
        forces = -np.nansum((magnitude / r)[:, :, None] * vectors, axis=1)
    return pair.sum(1) / 2, forces


def test_lammps_agrees_with_a_double_loop() -> None:
    liquid = make_liquid()
    with LammpsEngine(liquid, KA) as engine:
        energies, forces = engine.energies, engine.forces
        assert np.allclose(engine.positions, liquid.positions, atol=1e-12)
    expected_energies, expected_forces = energy_and_forces(liquid, KA)
    assert np.allclose(energies, expected_energies, rtol=1e-9, atol=1e-9)
    scale = np.abs(expected_forces).max()
    assert np.abs(forces - expected_forces).max() < 1e-9 * scale


def test_quench_reaches_a_minimum_nearby() -> None:
    liquid = make_liquid()
    quenched = quench_configuration(liquid, KA)
    minimum = liquid.replace(positions=quenched.inherent_positions)
    energies, forces = energy_and_forces(minimum, KA)
    assert np.abs(forces).max() < 1e-5
    assert np.allclose(quenched.inherent_energy, energies, atol=1e-8)
    assert energies.mean() < quenched.thermal_energy.mean()  # type: ignore[union-attr]
    assert np.linalg.norm(quenched.displacement(), axis=1).max() < 2.0


def test_real_configuration(botan_folder: Path) -> None:
    """Energies of the real files: thermal -7.01 to -7.05, IS -7.66 to -7.69 (data README)."""
    quenched = quench_configuration(read(botan_folder)[1].replace(end_positions=None), KA)
    assert -7.05 < quenched.thermal_energy.mean() < -7.01  # type: ignore[union-attr]
    assert -7.69 < quenched.inherent_energy.mean() < -7.66  # type: ignore[union-attr]
    lengths = np.linalg.norm(quenched.displacement(), axis=1)
    assert 0.05 < lengths.mean() < 0.3 and lengths.max() < 2.0


def test_cache_keeps_what_is_done(tmp_path: Path) -> None:
    liquids = [make_liquid(200, seed=s) for s in (1, 2)]
    first = quench(liquids, KA, cache=tmp_path, n_processes=2, progress=False)
    files = {f: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    assert len(files) == 2
    again = quench(liquids, KA, cache=tmp_path, progress=False)
    assert {f: f.stat().st_mtime_ns for f in tmp_path.iterdir()} == files
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.inherent_positions, b.inherent_positions)  # type: ignore[arg-type]
    # A damaged entry is made again.
    next(iter(files)).write_bytes(b"")
    assert len(quench(liquids, KA, cache=tmp_path, progress=False)) == 2


def test_what_is_kept_has_the_precision_of_the_positions(tmp_path: Path) -> None:
    """The same numbers in single and in double precision, in either order; and whole numbers."""
    double = make_liquid(200)
    single = double.replace(positions=wrap(double.positions.astype(np.float32), double.box))
    double = double.replace(positions=single.positions.astype(np.float64))
    expected = {c: quench_configuration(c, KA).inherent_positions for c in (single, double)}
    for order in ((single, double), (double, single)):
        for c in order:
            (made,) = quench([c], KA, cache=tmp_path / str(order.index(single)), progress=False)
            assert made.inherent_positions is not None and expected[c] is not None
            assert made.inherent_positions.dtype == c.positions.dtype
            assert np.array_equal(made.inherent_positions, expected[c])
    lattice = np.stack(np.meshgrid(*3 * [np.arange(6)]), axis=-1).reshape(-1, 3)
    whole = Configuration(np.zeros(216, int), np.full(3, 6.5), lattice)
    moved = quench_configuration(whole, KA).displacement()
    assert 0 < np.abs(moved).max() < 0.5


def test_known_inherent_structure_is_kept() -> None:
    quenched = quench_configuration(make_liquid(200), KA)
    bare = quenched.replace(thermal_energy=None, inherent_energy=None)
    again = quench_configuration(bare, KA)
    assert again.inherent_positions is bare.inherent_positions
    assert np.allclose(again.inherent_energy, quenched.inherent_energy)  # type: ignore[arg-type]


def test_refusals() -> None:
    with pytest.raises(InputError, match="box is smaller than twice the cutoff.*at least 5"):
        quench_configuration(make_liquid(100), KA)
    liquid = make_liquid()
    with pytest.raises(InputError, match="more types.*expected at most 2, found 3"):
        quench_configuration(liquid.replace(types=np.where(liquid.types == 1, 2, 0)), KA)
    positions = liquid.positions.copy()
    positions[1] = positions[0] + 1e-4
    with pytest.raises(InputError, match="particles overlap"):
        quench_configuration(liquid.replace(positions=positions), KA)


def test_potential_from_yaml(tmp_path: Path) -> None:
    text = """
name: soft
species: [A, B]
masses: [1.0, 1.0]
pairs:
  AA: {epsilon: 1.0, sigma: 1.0, cutoff: 2.0}
  AB: {epsilon: 1.0, sigma: 0.9, cutoff: 2.0}
  BB: {epsilon: 1.0, sigma: 0.8, cutoff: 2.0}
"""
    file = tmp_path / "soft.yaml"
    file.write_text(text)
    liquid = make_liquid()
    with LammpsEngine(liquid, load_potential(file)) as engine:
        expected, _ = energy_and_forces(liquid, load_potential(file))
        assert np.allclose(engine.energies, expected, rtol=1e-9, atol=1e-9)
    file.write_text(text.replace("BB", "BC"))
    with pytest.raises(InputError, match="soft.yaml.*pairs must be exactly.*AA.*AB.*BB"):
        load_potential(file)
    file.write_text(text + "colour: red\n")
    with pytest.raises(InputError, match="soft.yaml: colour: unknown key"):
        load_potential(file)
    with pytest.raises(InputError, match="no such potential.*kob-andersen"):
        load_potential("lennard-jonesium")
