"""Pair potentials as data: Lennard-Jones mixtures, built in or read from YAML."""

from __future__ import annotations

import os
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from ..errors import InputError
from ..yaml_config import Settings, load_yaml


class Pair(Settings):
    """V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6] for r < cutoff, in reduced units."""

    epsilon: float = Field(gt=0, description="depth of the well")
    sigma: float = Field(gt=0, description="diameter")
    cutoff: float = Field(gt=0, description="distance beyond which the pair does not interact")


def _as_tuple(values: Any) -> Any:
    return tuple(values) if isinstance(values, list) else values


# In a union of settings pydantic takes lists of strict JSON, as stores are read, for no tuples.
Numbers = Annotated[tuple[float, ...], BeforeValidator(_as_tuple)]


class TabulatedPair(Settings):
    """A pair energy given on points, interpolated by a cubic spline; zero beyond the last."""

    sigma: float = Field(gt=0, description="diameter, the unit of bond lengths")
    r: Numbers = Field(min_length=4, description="increasing distances")
    energy: Numbers = Field(min_length=4, description="energy at each distance")

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


class Potential(Settings):
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

    name: str
    species: list[str] = Field(min_length=1, max_length=8)
    masses: list[Annotated[float, Field(gt=0)]]
    shifted: bool = Field(True, description="shift each pair to V(cutoff) = 0")
    pairs: dict[str, Pair | TabulatedPair]

    @model_validator(mode="after")
    def _complete(self) -> Potential:
        if len(self.masses) != len(self.species):
            raise ValueError(f"{len(self.species)} masses expected, found {len(self.masses)}")
        pairs = [a + b for a, b in combinations_with_replacement(self.species, 2)]
        needed = set(pairs)
        if len(needed) < len(pairs):
            raise ValueError(f"species {self.species} give two pairs one name")
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

    def difference(self, other: Potential) -> str:
        """The first thing in which two potentials differ, in words; empty for the same one."""
        if len(self.species) != len(other.species):
            return f"{len(self.species)} species, not {len(other.species)}"
        for name in ("masses", "shifted"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"{name} {mine}, not {theirs}"
        for i, j in combinations_with_replacement(range(len(self.species)), 2):
            a, b = self.pair(i, j), other.pair(i, j)
            if a == b:
                continue
            label = self.species[i] + self.species[j]
            if isinstance(a, Pair) and isinstance(b, Pair):
                pairs = [(n, getattr(a, n), getattr(b, n)) for n in ("epsilon", "sigma", "cutoff")]
                return next(f"{label} {n} {x:g}, not {y:g}" for n, x, y in pairs if x != y)
            return f"another table or formula for {label}"
        return ""

    def beside(self, other: Potential) -> str:
        """Its name, and in what it first differs from another, whose name may be the same."""
        difference = self.difference(other)
        return f"{self.name}: {difference}" if difference else self.name

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


def _wahnstrom(name: str) -> Potential:
    # G. Wahnstrom, Phys. Rev. A 44, 3752 (1991): A is the larger and heavier species, the unit of
    # length its diameter, the unit of mass that of B. Half of the particles each, at density 1.296,
    # which is 0.75 in the paper's unit, the diameter of B.
    sizes = {"AA": 1.0, "AB": 11 / 12, "BB": 5 / 6}
    return Potential(
        name=name,
        species=["A", "B"],
        masses=[2.0, 1.0],
        shifted=True,
        pairs={
            key: Pair(epsilon=1.0, sigma=sigma, cutoff=2.5 * sigma) for key, sigma in sizes.items()
        },
    )


KOB_ANDERSEN = _kob_andersen("kob-andersen")
WAHNSTROM = _wahnstrom("wahnstrom")
POTENTIALS = {potential.name: potential for potential in (KOB_ANDERSEN, WAHNSTROM)}


def require_same(
    asked: Potential, recorded: Potential, source: str | os.PathLike[str] | None = None
) -> None:
    """Refuse data of another potential than the one asked for, whatever both are called.

    Raises
    ------
    InputError
        That says in what they differ.
    """
    if not asked.same_as(recorded):
        raise InputError(
            "the data were made with another potential",
            source=source,
            field="potential",
            expected=asked.name,
            found=recorded.beside(asked),
        )


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
