"""Pair potentials as data: Lennard-Jones mixtures, built in or read from YAML."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import InputError
from ..yaml_config import load_yaml


class Pair(BaseModel):
    """V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6] for r < cutoff, in reduced units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epsilon: float = Field(gt=0, description="depth of the well")
    sigma: float = Field(gt=0, description="diameter")
    cutoff: float = Field(gt=0, description="distance beyond which the pair does not interact")


class TabulatedPair(BaseModel):
    """A pair energy given on points, interpolated by a cubic spline; zero beyond the last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sigma: float = Field(gt=0, description="diameter, the unit of bond lengths")
    r: tuple[float, ...] = Field(min_length=4, description="increasing distances")
    energy: tuple[float, ...] = Field(min_length=4, description="energy at each distance")

    @model_validator(mode="after")
    def _increasing(self) -> TabulatedPair:
        if len(self.r) != len(self.energy):
            raise ValueError(f"{len(self.r)} energies expected, found {len(self.energy)}")
        if self.r[0] <= 0 or any(b <= a for a, b in zip(self.r, self.r[1:], strict=False)):
            raise ValueError("r must be positive and increase")
        return self

    @property
    def cutoff(self) -> float:
        """Distance beyond which the pair does not interact."""
        return self.r[-1]


class Potential(BaseModel):
    """A mixture with a pair potential: a :class:`Pair` or a table for every two species.

    In YAML::

        name: my-mixture
        species: [A, B]
        masses: [1.0, 1.0]
        shifted: true
        pairs:
          AA: {epsilon: 1.0, sigma: 1.00, cutoff: 2.50}
          AB: {epsilon: 1.5, sigma: 0.80, cutoff: 2.00}
          BB: {epsilon: 0.5, sigma: 0.88, cutoff: 2.20}

    or, for any of the pairs, ``{sigma: 1.0, r: [0.8, ...], energy: [12.3, ...]}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    species: list[str] = Field(min_length=1, max_length=8)
    masses: list[float]
    shifted: bool = Field(True, description="shift each pair to V(cutoff) = 0")
    pairs: dict[str, Pair | TabulatedPair]

    @model_validator(mode="after")
    def _complete(self) -> Potential:
        if len(self.masses) != len(self.species):
            raise ValueError(f"{len(self.species)} masses expected, found {len(self.masses)}")
        needed = {a + b for a, b in combinations_with_replacement(self.species, 2)}
        if set(self.pairs) != needed:
            raise ValueError(f"pairs must be exactly {sorted(needed)}, found {sorted(self.pairs)}")
        return self

    def content(self) -> dict[str, Any]:
        """Everything that energies and forces depend on: all but names."""
        pairs = [
            self.pair(i, j) for i, j in combinations_with_replacement(range(len(self.species)), 2)
        ]
        return {
            "masses": self.masses,
            "shifted": self.shifted,
            "pairs": [pair.model_dump(mode="json") for pair in pairs],
        }

    def same_as(self, other: Potential) -> bool:
        """Whether both are one potential, whatever they are called."""
        return self.content() == other.content()

    @property
    def cutoff(self) -> float:
        """Largest pair cutoff."""
        return max(pair.cutoff for pair in self.pairs.values())

    def pair(self, i: int, j: int) -> Pair | TabulatedPair:
        """The pair of two types, in either order."""
        low, high = sorted((i, j))
        return self.pairs[self.species[low] + self.species[high]]

    def sigma_table(self) -> NDArray[np.float64]:
        """(S, S) diameters."""
        n = len(self.species)
        return np.array([[self.pair(i, j).sigma for j in range(n)] for i in range(n)])


def _kob_andersen(name: str) -> Potential:
    # W. Kob and H. C. Andersen, Phys. Rev. E 51, 4626 (1995).
    parameters = {"AA": (1.0, 1.0), "AB": (1.5, 0.8), "BB": (0.5, 0.88)}
    return Potential(
        name=name,
        species=["A", "B"],
        masses=[1.0, 1.0],
        shifted=True,
        pairs={
            key: Pair(epsilon=epsilon, sigma=sigma, cutoff=2.5 * sigma)
            for key, (epsilon, sigma) in parameters.items()
        },
    )


KOB_ANDERSEN = _kob_andersen("kob-andersen")
POTENTIALS = {KOB_ANDERSEN.name: KOB_ANDERSEN}


def load_potential(name_or_path: str | Path) -> Potential:
    """A built-in potential by name, or one from a YAML file.

    Raises
    ------
    InputError
        If the name is unknown, or the file lacks a key or has one that is not known.
    """
    if str(name_or_path) in POTENTIALS:
        return POTENTIALS[str(name_or_path)]
    path = Path(name_or_path)
    if not path.is_file():
        raise InputError(
            "no such potential",
            source=path,
            expected=f"a YAML file or one of {sorted(POTENTIALS)}",
        )
    return load_yaml(path, Potential)
