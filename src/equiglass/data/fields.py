"""Every array of a configuration, declared once: name, type, shape, unit, meaning.

A new field is one attribute of :class:`Arrays`. Which arrays are permuted, wrapped, cut to other
times, stored, dropped with the targets or written to extxyz follows from its shape and kind.
Shapes use N for the number of particles, T for the number of times, R for the number of
isoconfigurational trajectories and S for the number of species.
Units are Lennard-Jones reduced units (length sigma_AA, energy epsilon_AA, mass m).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..geometry.periodic import FloatArray

Kind = Literal["structure", "energy", "feature", "target", "observable"]
Maker = Literal["quench"]


@dataclass(frozen=True)
class Field:
    """One array of a configuration.

    Attributes
    ----------
    shape
        The name, or the length, of each axis.
    kind
        What the array is for: a ``structure`` (where particles are, and which), an ``energy`` or
        another ``feature`` is a model's input, a ``target`` is what it learns to predict, an
        ``observable`` describes the dynamics of the whole configuration.
    made_by
        What makes the array where the data lack it; None if nothing does.
    """

    shape: tuple[str | int, ...]
    unit: str
    kind: Kind
    meaning: str
    made_by: Maker | None = None
    name: str = ""

    @property
    def particle_axis(self) -> int | None:
        """Which axis counts particles, or None."""
        return self.shape.index("N") if "N" in self.shape else None

    @property
    def per_particle(self) -> bool:
        """Whether every particle has its own value."""
        return "N" in self.shape

    @property
    def time_axis(self) -> int | None:
        """Which axis counts times, or None."""
        return self.shape.index("T") if "T" in self.shape else None

    @property
    def is_vector(self) -> bool:
        """Whether it has one vector for each particle, which turns with the frame."""
        return self.shape[-2:] == ("N", 3)

    @property
    def is_position(self) -> bool:
        """Whether it says where each particle is in the box: folded into [0, L)."""
        return self.is_vector and self.kind == "structure"

    @property
    def is_unwrapped(self) -> bool:
        """Whether it says where particles went, continuing from their positions past the box."""
        return self.is_vector and self.kind == "target"

    @property
    def is_outcome(self) -> bool:
        """Whether it belongs to the dynamics that followed, not to the snapshot."""
        return self.kind in ("target", "observable")

    @property
    def may_be_unknown(self) -> bool:
        """Whether single entries may be NaN: a target that is not known is masked."""
        return self.kind == "target"


@dataclass(frozen=True, eq=False)
class Arrays:
    """The arrays of a configuration; those that are not known are ``None``."""

    types: Annotated[
        NDArray[np.integer[Any]],
        Field(("N",), "-", "structure", "species of each particle, 0 = A, 1 = B, ..."),
    ]
    box: Annotated[
        FloatArray,
        Field((3,), "sigma", "structure", "edge lengths of the orthorhombic periodic box"),
    ]
    positions: Annotated[
        FloatArray, Field(("N", 3), "sigma", "structure", "thermal positions in [0, L)")
    ]
    inherent_positions: Annotated[
        FloatArray | None,
        Field(
            ("N", 3),
            "sigma",
            "structure",
            "positions of the inherent structure in [0, L)",
            made_by="quench",
        ),
    ] = None
    cage_positions: Annotated[
        FloatArray | None,
        Field(
            ("N", 3),
            "sigma",
            "structure",
            "mean positions while rearrangements are forbidden, in [0, L)",
        ),
    ] = None
    thermal_energy: Annotated[
        FloatArray | None,
        Field(
            ("N",),
            "epsilon",
            "energy",
            "potential energy per particle (half of each pair) of the thermal positions",
            made_by="quench",
        ),
    ] = None
    inherent_energy: Annotated[
        FloatArray | None,
        Field(
            ("N",),
            "epsilon",
            "energy",
            "potential energy per particle (half of each pair) of the inherent structure",
            made_by="quench",
        ),
    ] = None
    diameter: Annotated[
        FloatArray | None,
        Field(("N",), "sigma", "feature", "diameter of each particle of a polydisperse liquid"),
    ] = None
    times: Annotated[
        FloatArray | None,
        Field(("T",), "tau_LJ", "target", "lag times of the targets, increasing"),
    ] = None
    propensity: Annotated[
        FloatArray | None,
        Field(
            ("T", "N"),
            "sigma",
            "target",
            "mean |r_i(t) - r_i(0)| over the isoconfigurational ensemble",
        ),
    ] = None
    propensity_error: Annotated[
        FloatArray | None,
        Field(
            ("T", "N"),
            "sigma",
            "target",
            "standard error of the propensity over the trajectories",
        ),
    ] = None
    propensity_halves: Annotated[
        FloatArray | None,
        Field(
            ("T", 2, "N"),
            "sigma",
            "target",
            "propensity of the even and of the odd trajectories, for the noise ceiling",
        ),
    ] = None
    bond_breaking: Annotated[
        FloatArray | None,
        Field(
            ("T", "N"),
            "-",
            "target",
            "mean fraction of the initial neighbours kept; NaN without neighbours",
        ),
    ] = None
    end_positions: Annotated[
        FloatArray | None,
        Field(
            ("T", "R", "N", 3),
            "sigma",
            "target",
            "positions at each time of each trajectory, unwrapped: they continue from positions",
        ),
    ] = None
    self_scattering: Annotated[
        FloatArray | None,
        Field(
            ("T", "R", "S"),
            "-",
            "observable",
            "self-intermediate scattering function F_s(k, t) of each trajectory and species",
        ),
    ] = None
    mean_squared_displacement: Annotated[
        FloatArray | None,
        Field(
            ("T", "R", "S"),
            "sigma^2",
            "observable",
            "mean of |r_i(t) - r_i(0)|^2 of each trajectory and species",
        ),
    ] = None
    overlap: Annotated[
        FloatArray | None,
        Field(
            ("T", "R", "S"),
            "-",
            "observable",
            "Q(t): fraction of particles that moved less than the overlap length",
        ),
    ] = None
    trajectory_energy: Annotated[
        FloatArray | None,
        Field(
            ("T", "R"),
            "epsilon",
            "observable",
            "potential energy per particle at each time of each trajectory",
        ),
    ] = None


def _declared() -> dict[str, Field]:
    hints = get_type_hints(Arrays, include_extras=True)
    return {name: replace(hint.__metadata__[0], name=name) for name, hint in hints.items()}


FIELDS: dict[str, Field] = _declared()

# Where the dictionary keys of a model's inputs are found: its spec speaks of structures.
POSITION_FIELD: dict[str, str] = {
    "thermal": "positions",
    "inherent": "inherent_positions",
    "cage": "cage_positions",
}
ENERGY_FIELD: dict[str, str] = {"thermal": "thermal_energy", "inherent": "inherent_energy"}

POSITION_FIELDS: tuple[str, ...] = tuple(n for n, f in FIELDS.items() if f.is_position)
MADE_FIELDS: tuple[str, ...] = tuple(n for n, f in FIELDS.items() if f.made_by == "quench")
FEATURE_FIELDS: tuple[str, ...] = tuple(
    n for n, f in FIELDS.items() if f.kind == "feature" and f.shape == ("N",)
)
REQUIRED_FIELDS: tuple[str, ...] = ("types", "box", "positions")
