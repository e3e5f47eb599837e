"""Which configuration is meant, and the random numbers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose

import numpy as np

from .config import SPLITS

# Every use of random numbers has its own branch of the seed.
_BRANCHES = {"start": 0, "melt": 1, "block": 2, "trajectory": 3, "cage": 4, "chain": 5}


def label(temperature: float, digits: int) -> str:
    """A temperature with so many digits, or all it takes to tell it from every other."""
    short = f"{temperature:.{digits}g}"
    return short if isclose(float(short), temperature) else repr(float(temperature))


@dataclass(frozen=True)
class Identity:
    """A configuration of a simulated data set: temperature, split and number within it.

    Or a chain of them, for the training split. Nothing else enters its random numbers, so that a
    data set can grow without a change of what is there.
    """

    temperature: float
    split: str
    number: int
    is_chain: bool = False

    @property
    def name(self) -> str:
        """Name of its group in the store; of a chain, how the names of its starts begin."""
        number = f"C{self.number:02d}" if self.is_chain else f"{self.number:03d}"
        return f"T{label(self.temperature, 4)}-{self.split}-{number}"

    def start_name(self, start: int) -> str:
        """Name of a chain's start in the store."""
        return f"{self.name}-S{start:03d}"


def rng(seed: int, use: str, identity: Identity, *numbers: int) -> np.random.Generator:
    """The generator for one use by one configuration; further numbers branch it again."""
    key = (
        _BRANCHES[use],
        round(identity.temperature * 1e6),
        # Chains have a branch beside those of the splits.
        len(SPLITS) if identity.is_chain else SPLITS.index(identity.split),
        identity.number,
        *numbers,
    )
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def lammps_seed(generator: np.random.Generator) -> int:
    """A seed as LAMMPS takes it."""
    return int(generator.integers(1, 900_000_000))
