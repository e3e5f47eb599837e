"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

# Where pytest-xdist runs several tests at a time, each has one core; libraries ask once.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch

# Triton decides when it is imported whether it compiles kernels or interprets them.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN

SHARED = Path(os.environ.get("EQUIGLASS_SHARED", Path(__file__).parents[2] / "shared")) / "data"


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache; random numbers are the same in any order."""
    monkeypatch.setenv("EQUIGLASS_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)


def _shared(relative: str) -> Path:
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"public data not at hand: {path}")
    return path


@pytest.fixture
def botan_folder() -> Path:
    """The ten BOTAN files at T = 0.44."""
    return _shared("shiba_T0.44")


@pytest.fixture
def deepmind_file() -> Path:
    """The DeepMind test pickle of 20 particles."""
    return _shared("deepmind/test_small.pickle")


def make_liquid(
    n: int = 300, density: float = 1.2, seed: int = 0, **fields: object
) -> Configuration:
    """A disordered configuration without overlaps: a jittered cubic lattice, about 80:20.

    Of the Kob-Andersen potential, and that is recorded, unless ``potential`` says otherwise.
    """
    fields.setdefault("potential", KOB_ANDERSEN)
    rng = np.random.default_rng(seed)
    length = (n / density) ** (1 / 3)
    per_edge = int(np.ceil(n ** (1 / 3)))
    lattice = np.stack(np.meshgrid(*[np.arange(per_edge)] * 3, indexing="ij"), -1).reshape(-1, 3)
    sites = lattice[rng.permutation(len(lattice))[:n]] * (length / per_edge)
    positions = (sites + rng.uniform(-0.12, 0.12, (n, 3))) % length
    types = (rng.random(n) < 0.2).astype(np.int64)
    types[:2] = 0, 1
    return Configuration(
        types=types, box=np.full(3, length), positions=positions, source=f"liquid {seed}", **fields
    )


def make_complete(n: int = 300, seed: int = 0, n_times: int = 2, **fields: object) -> Configuration:
    """A liquid with made-up inherent structure, energies and propensities, all of fixed seed."""
    liquid = make_liquid(n, seed=seed, **fields)
    rng = np.random.default_rng(seed + 1000)
    shift = 0.05 * rng.standard_normal((n, 3))
    halves = 0.3 + 0.1 * rng.random((n_times, 2, n))
    return liquid.replace(
        inherent_positions=(liquid.positions + shift) % liquid.box,
        thermal_energy=-7 + 0.3 * rng.standard_normal(n),
        inherent_energy=-7.6 + 0.2 * rng.standard_normal(n),
        times=np.arange(1.0, n_times + 1),
        propensity=halves.mean(axis=1),
        propensity_halves=halves,
        propensity_error=np.full((n_times, n), 0.01),
        n_trajectories=2,
        temperature=0.5,
    )


@pytest.fixture
def liquid() -> Configuration:
    """300 particles in a box of edge 6.3."""
    return make_liquid()


@pytest.fixture
def complete_liquid() -> Configuration:
    """The same with every field a default model needs."""
    return make_complete()
