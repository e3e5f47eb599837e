"""Every field of a configuration, declared once: name, shape, unit, meaning.

Readers, the store and the documentation all read this table. Shapes use N for the number of
particles, T for the number of times, R for the number of isoconfigurational trajectories and S
for the number of species.
Units are Lennard-Jones reduced units (length sigma_AA, energy epsilon_AA, mass m).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["structure", "energy", "target", "observable"]


@dataclass(frozen=True)
class Field:
    """One array of a configuration.

    ``shape`` names each axis; ``kind`` says what the array is for: a ``structure`` or an
    ``energy`` is a model's input, a ``target`` is what it learns to predict, an ``observable``
    describes the dynamics of the whole configuration.
    """

    name: str
    shape: tuple[str | int, ...]
    unit: str
    kind: Kind
    meaning: str


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("types", ("N",), "-", "structure", "species of each particle, 0 = A, 1 = B, ..."),
        Field("box", (3,), "sigma", "structure", "edge lengths of the orthorhombic periodic box"),
        Field("positions", ("N", 3), "sigma", "structure", "thermal positions in [0, L)"),
        Field(
            "inherent_positions",
            ("N", 3),
            "sigma",
            "structure",
            "positions of the inherent structure in [0, L)",
        ),
        Field(
            "cage_positions",
            ("N", 3),
            "sigma",
            "structure",
            "mean positions while rearrangements are forbidden, in [0, L)",
        ),
        Field(
            "thermal_energy",
            ("N",),
            "epsilon",
            "energy",
            "potential energy per particle (half of each pair) of the thermal positions",
        ),
        Field(
            "inherent_energy",
            ("N",),
            "epsilon",
            "energy",
            "potential energy per particle (half of each pair) of the inherent structure",
        ),
        Field("times", ("T",), "tau_LJ", "target", "lag times of the targets, increasing"),
        Field(
            "propensity",
            ("T", "N"),
            "sigma",
            "target",
            "mean |r_i(t) - r_i(0)| over the isoconfigurational ensemble",
        ),
        Field(
            "propensity_error",
            ("T", "N"),
            "sigma",
            "target",
            "standard error of the propensity over the trajectories",
        ),
        Field(
            "propensity_halves",
            ("T", 2, "N"),
            "sigma",
            "target",
            "propensity of the even and of the odd trajectories, for the noise ceiling",
        ),
        Field(
            "bond_breaking",
            ("T", "N"),
            "-",
            "target",
            "mean fraction of the initial neighbours kept; NaN without neighbours",
        ),
        Field(
            "end_positions",
            ("T", "R", "N", 3),
            "sigma",
            "target",
            "positions at each time of each trajectory, unwrapped: they continue from positions",
        ),
        Field(
            "self_scattering",
            ("T", "R", "S"),
            "-",
            "observable",
            "self-intermediate scattering function F_s(k, t) of each trajectory and species",
        ),
        Field(
            "mean_squared_displacement",
            ("T", "R", "S"),
            "sigma^2",
            "observable",
            "mean of |r_i(t) - r_i(0)|^2 of each trajectory and species",
        ),
        Field(
            "overlap",
            ("T", "R", "S"),
            "-",
            "observable",
            "Q(t): fraction of particles that moved less than the overlap length",
        ),
        Field(
            "trajectory_energy",
            ("T", "R"),
            "epsilon",
            "observable",
            "potential energy per particle at each time of each trajectory",
        ),
    )
}
