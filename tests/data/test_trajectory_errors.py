"""Errors along a trajectory, other spacings of time, and a plane."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import equiglass as eg
from equiglass.data.trajectory import Trajectory
from equiglass.errors import AssumptionWarning
from equiglass.evaluation.blocks import average, blocks_of, variance
from tests.conftest import make_liquid


def walk(n_frames: int, *, scale: float, kind: np.ndarray | None = None) -> Trajectory:
    """Particles of a random walk: step k of variance ``scale`` x ``kind[k]``, known images."""
    liquid = make_liquid(100)
    rng = np.random.default_rng(2)
    steps = rng.normal(0, scale, (n_frames - 1, 100, 3))
    if kind is not None:
        steps *= kind[:, None, None] ** 0.5
    unwrapped = liquid.positions + np.concatenate([np.zeros((1, 100, 3)), np.cumsum(steps, 0)])
    frames = [liquid.replace(positions=r % liquid.box) for r in unwrapped]
    return Trajectory.from_configurations(frames, np.arange(n_frames), list(unwrapped))


def test_errors_of_a_random_walk_are_right_and_ageing_is_seen() -> None:
    """Every particle diffuses by 3 scale^2 t; a walk that slows down by half is ageing."""
    dynamics = eg.trajectory_dynamics(walk(600, scale=0.05))
    for row in dynamics.rows:
        expected = 3 * 0.05**2 * row.time
        assert np.isclose(row.mean_squared_displacement, expected, rtol=0.3)
        # Lags of more than a fifth of the length have no four independent origins.
        assert (row.chi4 is None) == (row.overlap_error is None) == (row.time > 120)
        assert row.n_origins == min(50, row.n_possible)
    assert dynamics.ages is False
    slowing = np.where(np.arange(599) < 300, 1.0, 0.5)
    assert eg.trajectory_dynamics(walk(600, scale=0.05, kind=slowing)).ages is True
    assert eg.trajectory_dynamics(walk(6, scale=0.05)).ages is None
    with pytest.warns(AssumptionWarning, match="time is not 1 but shorter"):
        eg.trajectory_dynamics(walk(20, scale=0.3))


def test_errors_and_variance_of_correlated_origins() -> None:
    """Windows of 20 that overlap, in a record of 200: half of the naive spread is missing."""
    rng = np.random.default_rng(1)
    pulls, naive, variances = [], [], []
    for _ in range(400):
        values = np.convolve(rng.normal(size=220), np.ones(20) / 20**0.5, "valid")
        blocks = blocks_of(np.arange(len(values), dtype=float), 20.0)
        found, spread = average(values, blocks), variance(values, blocks)
        assert found.error is not None and spread is not None
        pulls.append(found.mean / found.error)
        variances.append(spread.mean)
        naive.append(values.var())
    # Of ten blocks, Student's t: 1.13; blocks beside each other are a little correlated.
    assert 1.0 < np.std(pulls) < 1.6
    assert abs(np.mean(variances) - 1) < 0.75 * abs(np.mean(naive) - 1)
    assert average(np.ones(5), blocks_of(np.arange(5.0), 2.0)).error is None


def test_logarithmic_times_and_cycles() -> None:
    long = walk(200, scale=0.05)
    once = [0, 1, 2, 4, 8, 16, 32, 64, 128]
    cycles = [start + k for start in range(0, 160, 32) for k in (0, 1, 2, 4, 8, 16)]
    for chosen in (once, cycles):
        frames = [long.frame(k) for k in chosen]
        places = [long.unwrapped(k) for k in chosen]
        t = Trajectory.from_configurations(frames, [float(k) for k in chosen], places)
        rows = {r.time: r for r in eg.trajectory_dynamics(t).rows if r.type == "A"}
        assert {1.0, 2.0, 4.0, 8.0, 16.0, 32.0} <= {float(round(r)) for r in rows}
        for row in rows.values():
            expected = 3 * 0.05**2 * row.time
            assert np.isclose(row.mean_squared_displacement, expected, rtol=0.25)
        assert rows[16.0].n_origins == (2 if chosen is once else 9)


def test_a_plane(tmp_path: Path) -> None:
    """LAMMPS dumps a plane as a periodic layer; F_s is then the Bessel function."""
    from scipy.special import j0

    text = ""
    rng = np.random.default_rng(0)
    places = rng.random((50, 2)) * 7
    tracks = [places]
    for k in range(12):
        text += f"ITEM: TIME\n{0.5 * k}\nITEM: TIMESTEP\n{k}\nITEM: NUMBER OF ATOMS\n50\n"
        text += "ITEM: BOX BOUNDS pp pp pp\n-1 6\n-1 6\n-0.5 0.5\nITEM: ATOMS id type x y z\n"
        folded = places % 7 - 1
        text += "".join(f"{i} {i % 3 + 1} {x} {y} 0\n" for i, (x, y) in enumerate(folded))
        places = places + rng.normal(0, 0.1, (50, 2))
        tracks.append(places)
    (tmp_path / "plane.lammpstrj").write_text(text)
    t = eg.read_trajectory(tmp_path / "plane.lammpstrj")
    assert (t[0].dimensions, t[0].n_types, t.times[2]) == (2, 3, 1.0)
    row = next(r for r in eg.trajectory_dynamics(t).rows if r.type == "A")
    lengths = np.stack([np.linalg.norm(b - a, axis=1) for a, b in pairwise(tracks[:12])])
    assert np.isclose(row.self_scattering, j0(7.25 * lengths[:, np.arange(50) % 3 == 0]).mean())
