"""Observables against closed forms, and the structure and dynamics of the packaged liquid."""

from __future__ import annotations

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import POTENTIALS
from equiglass.evaluation.dynamics import dynamics, relaxation_times
from equiglass.simulation.cage import cage_positions
from equiglass.simulation.config import Cage, Observables
from equiglass.simulation.observables import (
    BondCounter,
    crystalline_fraction,
    relaxation_time,
    self_scattering,
)
from equiglass.simulation.quench import quench_configuration
from tests.conftest import make_complete, make_liquid

KA = POTENTIALS["kob-andersen"]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_scattering_of_gaussian_displacements(dimensions: int) -> None:
    """exp(-k^2 s^2 / 2) for displacements of variance s^2 along each direction."""
    rng = np.random.default_rng(0)
    moved = 0.1 * rng.standard_normal((200_000, dimensions))
    lengths = np.linalg.norm(moved, axis=1)
    assert np.isclose(
        self_scattering(lengths, 7.25, dimensions).mean(), np.exp(-((0.725) ** 2) / 2), atol=2e-3
    )
    assert self_scattering(np.zeros(1), 7.25, dimensions) == 1


def test_relaxation_time_of_an_exponential() -> None:
    times = np.geomspace(0.1, 100, 40)
    assert np.isclose(relaxation_time(times, np.exp(-times / 7)), 7, rtol=1e-2)  # type: ignore[arg-type]
    assert relaxation_time(times, np.exp(-times / 1e4)) is None


def test_bonds_are_kept_until_particles_part() -> None:
    liquid = make_liquid()
    bonds = BondCounter(liquid, KA, Observables())
    assert np.nanmin(bonds.kept(liquid.positions)) == 1
    # Moving everything, or a particle by less than the difference of the radii, breaks nothing.
    assert np.nanmin(bonds.kept(liquid.positions + 3.0)) == 1
    nudged = liquid.positions.copy()
    nudged[5] += [0.15, 0, 0]
    assert np.nanmin(bonds.kept(nudged)) == 1
    gone = liquid.positions.copy()
    gone[5] += liquid.box / 2
    kept = bonds.kept(gone)
    partners = bonds.pairs[1][bonds.pairs[0] == 5]
    assert kept[5] < 0.2 and (kept[partners] < 1).sum() >= len(partners) - 2


def test_susceptibility_of_known_overlaps() -> None:
    """chi_4 = N (s_between^2 + s_within^2), whatever the number of trajectories."""
    rng = np.random.default_rng(1)
    members = []
    for k in range(400):
        c = make_complete(8, seed=k, n_times=1)
        q = 0.5 + 0.1 * rng.standard_normal() + 0.05 * rng.standard_normal((1, 4, 2))
        members.append(c.replace(overlap=q))
    row = dynamics(members)[0]
    assert row.chi4 is not None and row.overlap is not None
    n_of_type = np.mean([(c.types == 0).sum() for c in members])
    assert np.isclose(row.chi4 / n_of_type, 0.1**2 + 0.05**2, rtol=0.15)
    assert np.isclose(row.overlap, 0.5, atol=0.02)


def test_crystal_and_liquid() -> None:
    cell = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    shifts = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3)
    a = 1.55
    positions = (shifts[:, None] + cell).reshape(-1, 3) * a + 0.01
    crystal = Configuration(
        types=np.zeros(len(positions), int), box=np.full(3, 6 * a), positions=positions
    )
    assert crystalline_fraction(crystal) > 0.9
    assert crystalline_fraction(read("ka3d_quickstart")[0]) < 0.1


def test_cage_positions_average_the_vibrations() -> None:
    """Two runs agree far better than either with the thermal positions; nothing leaves its cage."""
    liquid = quench_configuration(read("ka3d_quickstart")[0], KA)
    settings = Cage(equilibration=1.0, time=8.0)
    one, two = (cage_positions(liquid, settings, KA, 0.56, 0.005, seed) for seed in (1, 2))

    def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        shift = a - b
        return np.linalg.norm(shift - liquid.box * np.round(shift / liquid.box), axis=1)

    inherent = liquid.inherent_positions
    assert distance(one, two).mean() < 0.5 * distance(one, liquid.positions).mean()
    assert distance(one, inherent).max() < settings.radius  # type: ignore[arg-type]


def test_partial_radial_distributions_of_the_packaged_liquid() -> None:
    """First peaks at 1.07 (AA), 0.87 (AB), 1.39 to 1.43 (BB) between T = 0.5 and 0.56."""
    freud = pytest.importorskip("freud")
    data = read("ka3d_quickstart")
    for (a, b), (low, high), start in (
        ((0, 0), (1.05, 1.09), 0.7),
        ((0, 1), (0.85, 0.89), 0.7),
        ((1, 1), (1.36, 1.46), 1.2),
    ):
        rdf = freud.density.RDF(bins=150, r_max=3.0)
        for c in data:
            box = freud.box.Box(*c.box.tolist())
            points = c.positions - c.box / 2
            query = {"exclude_ii": a == b, "r_max": 3.0}
            rdf.compute(
                (box, points[c.types == a]), points[c.types == b], neighbors=query, reset=False
            )
        r = np.asarray(rdf.bin_centers)
        g = np.where(r > start, np.asarray(rdf.rdf), 0)
        assert low < r[g.argmax()] < high, (a, b)


def test_dynamics_rows_by_temperature() -> None:
    cold = make_complete(50, seed=1).replace(temperature=0.4)
    rows = dynamics([cold, make_complete(50, seed=2), make_complete(50, seed=3)])
    assert [r.temperature for r in rows] == [0.4] * 4 + [0.5] * 4
    assert all(r.self_scattering is None and r.mean_propensity is not None for r in rows)
    assert relaxation_times(rows) == {}


def test_a_relaxation_before_the_first_time_is_not_known() -> None:
    ones = np.ones((1, 2))
    cold = make_complete(50).replace(self_scattering=np.stack([0.9 * ones, 0.1 * ones]))
    (tau,) = relaxation_times(dynamics([cold])).values()
    assert 1 < tau.value < 2
    warm = cold.replace(self_scattering=np.stack([0.3 * ones, 0.1 * ones]))
    assert relaxation_times(dynamics([warm])) == {}
