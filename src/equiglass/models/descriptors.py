"""Expert descriptors of the local structure, averaged over neighbours, and a linear readout.

E. Boattini, F. Smallenburg, L. Filion, Phys. Rev. Lett. 127, 088007 (2021); R. Alkemade et al.,
J. Chem. Phys. 156, 204503 (2022). Radial densities of each species and bond-order parameters in
Gaussian shells, and their recursive averages over the neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..geometry.pairs import neighbour_pairs
from .base import NetworkSettings
from .coarse import Width, coarse_energies
from .inputs import ENERGY_FIELD, POSITION_FIELD, Energy, Inputs, Positions, Reference
from .shells import bond_order, radial_densities

Array = NDArray[np.floating[Any]]
ColumnKind = Literal["radial", "angular", "energy", "coarse energy", "displacement", "feature"]


@dataclass(frozen=True)
class Column:
    """One descriptor.

    Attributes
    ----------
    positions
        The position set that is described; of an energy or a displacement, which one it is; of a
        feature, its name.
    of
        Of a radial density the type of the neighbours, of a bond-order parameter its degree l.
    radius
        Of the shell, or width of the Gaussian of a coarse energy, sigma.
    generation
        How often it was averaged over neighbours.
    """

    kind: ColumnKind
    positions: str
    of: int = 0
    radius: float = 0.0
    generation: int = 0

    @property
    def short(self) -> str:
        """Its name without the position set."""
        if self.kind == "energy":
            return f"{self.positions}_energy"
        if self.kind == "coarse energy":
            return f"<energy>(w={self.radius:.2f})"
        if self.kind == "displacement":
            return f"|thermal-{self.positions}|"
        if self.kind == "feature":
            return self.positions
        symbol = f"G_{TYPE_NAMES[self.of]}" if self.kind == "radial" else f"q_{self.of}"
        return f"{'<' * self.generation}{symbol}(r={self.radius:.2f}){'>' * self.generation}"

    @property
    def name(self) -> str:
        """Its name, such as ``inherent:<G_A(r=1.10)>``."""
        return f"{self.positions}:{self.short}" if self.radius else self.short


class DescriptorInputs(Inputs):
    """Which positions are described, and which scalars stand beside the descriptors."""

    positions: tuple[Positions, ...] = Field(
        ("inherent",), min_length=1, description="position sets, each described on its own"
    )
    energies: tuple[Energy, ...] = Field((), description="potential energies per particle")
    coarse: tuple[Width, ...] = Field(
        (),
        description="widths of Gaussians over which each of the energies is averaged as well, "
        "sigma",
    )
    displacements: tuple[Reference, ...] = Field(
        (), description="lengths of the displacements from the thermal position"
    )

    @model_validator(mode="after")
    def _of_an_energy(self) -> DescriptorInputs:
        if self.coarse and not self.energies:
            raise ValueError("coarse: needs energies to average")
        return self

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        names = [POSITION_FIELD[p] for p in (*self.positions, *self.displacements)]
        names += [POSITION_FIELD[e] for e in self.energies if self.coarse]
        names += [ENERGY_FIELD[e] for e in self.energies]
        return tuple(dict.fromkeys(["positions", *names, *self.features]))


MOST_SHELLS, FARTHEST = 1000, 1e6


def _countable(shells: tuple[float, float, float]) -> tuple[float, float, float]:
    start, stop, step = shells
    # Within bounds no difference overflows.
    lengths = 0 <= start <= FARTHEST and 0 <= stop <= FARTHEST and 0 < step <= FARTHEST
    if not (lengths and stop - start <= MOST_SHELLS * step):
        raise ValueError(f"first, last and a positive spacing, at most {MOST_SHELLS} shells")
    return shells


Shells = Annotated[tuple[float, float, float], AfterValidator(_countable)]


class DescriptorSettings(NetworkSettings):
    """Settings of the descriptors, whatever is made of them; lengths in sigma."""

    inputs: DescriptorInputs = Field(
        default_factory=DescriptorInputs, description="what is described"
    )
    near: Shells = Field(
        (0.7, 2.0, 0.05), description="first, last and spacing of the narrow radial shells"
    )
    far: Shells = Field(
        (2.1, 5.0, 0.1), description="first, last and spacing of the wide radial shells"
    )
    angular: Shells = Field(
        (1.0, 2.5, 0.1), description="first, last and spacing of the bond-order shells"
    )
    l_max: int = Field(8, ge=1, le=12, description="bond-order parameters q_1 to q_l_max")
    generations: int = Field(2, ge=0, le=100, description="recursive averages over neighbours")
    averaging_cutoff: float = Field(2.0, ge=0.1, description="neighbourhood of the averages")

    @property
    def cutoff(self) -> float:
        """Largest distance that enters the descriptors, or the averages over neighbours."""
        shells = [radius + 3 * width for _, radius, width in self.shells()]
        reach = self.averaging_cutoff if self.generations else 0.0
        return round(max([*shells, reach]), 9)

    def shells(self) -> list[tuple[str, float, float]]:
        """(kind, radius, width) of every shell: first all radial ones, then the angular ones."""
        result = []
        for kind, (start, stop, step) in (
            ("radial", self.near),
            ("radial", self.far),
            ("angular", self.angular),
        ):
            for radius in np.arange(start, stop + step / 2, step):
                result.append((kind, float(radius), step))
        return result

    def columns(self, n_types: int) -> list[Column]:
        """What each column of :func:`descriptors` holds."""
        one: list[tuple[ColumnKind, int, float]] = []
        for kind, radius, _ in self.shells():
            if kind == "radial":
                one += [("radial", t, radius) for t in range(n_types)]
            else:
                one += [("angular", l, radius) for l in range(1, self.l_max + 1)]
        columns = [
            Column(kind, positions, of, radius, g)
            for positions in self.inputs.positions
            for g in range(self.generations + 1)
            for kind, of, radius in one
        ]
        columns += [Column("energy", e) for e in self.inputs.energies]
        columns += [
            Column("coarse energy", e, radius=width)
            for e in self.inputs.energies
            for width in self.inputs.coarse
        ]
        columns += [Column("displacement", d) for d in self.inputs.displacements]
        return columns + [Column("feature", name) for name in self.inputs.features]

    def names(self, n_types: int) -> list[str]:
        """One name for each column of :func:`descriptors`."""
        return [column.name for column in self.columns(n_types)]


class DescriptorConfig(DescriptorSettings):
    """Settings of ridge regression on descriptors; lengths in sigma."""

    kind: Literal["descriptors"] = "descriptors"


def descriptors(configuration: Configuration, config: DescriptorSettings, n_types: int) -> Array:
    """Descriptors of every particle, (N, len(config.names(n_types))); invariant.

    Raises
    ------
    InputError
        If a field is missing, or for two-dimensional data.
    """
    c = configuration
    for name in config.inputs.required_fields:
        if getattr(c, name) is None:
            raise InputError("the descriptors need it", source=c.source, field=name)
    if c.dimensions != 3:
        raise InputError("bond-order parameters need three dimensions", source=c.source)
    columns = [
        _with_averages(c, getattr(c, POSITION_FIELD[p]), config, n_types)
        for p in config.inputs.positions
    ]
    columns += [getattr(c, ENERGY_FIELD[e])[:, None] for e in config.inputs.energies]
    if config.inputs.coarse:
        columns += [coarse_energies(c, e, config.inputs.coarse) for e in config.inputs.energies]
    columns += [
        np.linalg.norm(c.displacement(POSITION_FIELD[d]), axis=1)[:, None]
        for d in config.inputs.displacements
    ]
    columns += [getattr(c, name)[:, None] for name in config.inputs.features]
    return np.concatenate(columns, axis=1)


def _with_averages(
    configuration: Configuration, positions: Array, config: DescriptorSettings, n_types: int
) -> Array:
    """Descriptors of one set of positions and their recursive averages, side by side."""
    # All periodic images: in a small box the outer shells reach beyond half of it.
    i, j, vectors = neighbour_pairs(
        np.ascontiguousarray(positions, dtype=np.float64),
        configuration.box.astype(np.float64),
        config.cutoff,
        configuration.periodic,
        source=configuration.source,
    )
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(i, kind="stable")
    i, j, vectors, lengths = i[order], j[order], vectors[order], lengths[order]
    types = configuration.types
    n = len(types)
    columns = radial_densities(config, lengths, i * n_types + types[j], (n, n_types))
    columns += bond_order(configuration, positions, config, i, j, vectors, lengths)
    current = np.concatenate(columns, axis=1)
    generations = [current]
    near = lengths < config.averaging_cutoff
    weight = np.exp(-lengths[near] / config.averaging_cutoff)
    total = 1 + np.bincount(i[near], weights=weight, minlength=n)
    senders, receivers = torch.from_numpy(j[near]), torch.from_numpy(i[near])
    for _ in range(config.generations):
        values = torch.from_numpy(current)
        messages = values[senders] * torch.from_numpy(weight)[:, None]
        summed = values.clone().index_add_(0, receivers, messages)
        current = summed.numpy() / total[:, None]
        generations.append(current)
    return np.concatenate(generations, axis=1)
