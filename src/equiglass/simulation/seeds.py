"""Which configuration is meant, and the random numbers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .config import SPLITS

# Every use of random numbers has its own branch of the seed.
_BRANCHES = {"start": 0, "melt": 1, "block": 2, "trajectory": 3, "cage": 4}


@dataclass(frozen=True)
class Identity:
    """A configuration of a simulated data set: temperature, split and number within it.

    Nothing else enters its random numbers, so that a data set can grow without a change of what
    is there.
    """

    temperature: float
    split: str
    number: int

    @property
    def name(self) -> str:
        """Name of its group in the store."""
        return f"T{self.temperature:.4g}-{self.split}-{self.number:03d}"


def rng(seed: int, use: str, identity: Identity, *numbers: int) -> np.random.Generator:
    """The generator for one use by one configuration; further numbers branch it again."""
    key = (
        _BRANCHES[use],
        round(identity.temperature * 1e6),
        SPLITS.index(identity.split),
        identity.number,
        *numbers,
    )
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def lammps_seed(generator: np.random.Generator) -> int:
    """A seed as LAMMPS takes it."""
    return int(generator.integers(1, 900_000_000))
