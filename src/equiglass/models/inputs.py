"""What a model reads from a configuration: which graph, which scalars, which vectors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from pydantic import AfterValidator, Field

from ..data.configuration import Configuration
from ..data.fields import ENERGY_FIELD as ENERGY_FIELD
from ..data.fields import FEATURE_FIELDS, MADE_FIELDS
from ..data.fields import POSITION_FIELD as POSITION_FIELD
from ..errors import InputError
from ..geometry.graph import Graph
from ..yaml_config import Settings

Positions = Literal["thermal", "inherent", "cage"]
UNION: Literal["union"] = "union"
BOTH: Literal["both"] = "both"
Energy = Literal["thermal", "inherent"]
Reference = Literal["inherent", "cage"]


def _declared(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in FEATURE_FIELDS]
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"each one of {', '.join(FEATURE_FIELDS)}, at most once")
    return names


# Fields that are declared as features, so that a new one needs no other change.
Features = Annotated[tuple[str, ...], AfterValidator(_declared)]


class Inputs(Settings):
    """Which fields of a configuration a model reads; the type of each particle is always one."""

    features: Features = Field(
        (), description=f"other numbers of each particle, as scalars: {', '.join(FEATURE_FIELDS)}"
    )

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        return ("positions", *self.features)

    def check(self, configuration: Configuration) -> None:
        """Raise InputError unless the configuration has every required field."""
        for name in self.required_fields:
            if getattr(configuration, name) is None:
                makes = "; equiglass quench makes it" if name in MADE_FIELDS else ""
                raise InputError(
                    f"the model needs it, and the configuration does not have it{makes}",
                    source=configuration.source,
                    field=name,
                    expected=", ".join(self.required_fields),
                )


class InputSpec(Inputs):
    """Inputs of a network on a graph."""

    graph: Positions | Literal["union", "both"] = Field(
        "inherent",
        description="positions between which edges are drawn; `union` for pairs that are close in "
        "the thermal positions or in the inherent structure, `both` for two graphs with layers of "
        "their own, whose invariants the decoder reads together (`se3` alone)",
    )
    energies: tuple[Energy, ...] = Field(
        ("thermal", "inherent"), description="potential energies per particle, as scalars"
    )
    displacements: tuple[Reference, ...] = Field(
        ("inherent",),
        description="vectors from the thermal position (l = 1), and their lengths as scalars",
    )

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        names = [POSITION_FIELD["inherent" if self.graph in (UNION, BOTH) else self.graph]]
        names += [ENERGY_FIELD[name] for name in self.energies]
        names += [POSITION_FIELD[name] for name in self.displacements]
        return tuple(dict.fromkeys(["positions", *names, *self.features]))

    @property
    def n_scalars(self) -> int:
        """Scalars beside the type."""
        return len(self.energies) + len(self.displacements) + len(self.features)


@dataclass(frozen=True)
class ModelInput:
    """One configuration, or a batch of them, as a model takes it.

    Attributes
    ----------
    edges
        The graph; None for models that do not read one.
    types
        (N,) int64.
    scalars
        (N, n_scalars): energies, then lengths of displacements, then features, as measured.
    vectors
        (N, 3, n_displacements), sigma.
    n_particles
        Particles of each configuration in the batch.
    thermal
        Between thermal positions, where ``edges`` are between inherent ones: of a union graph the
        same edges with their vectors there, else the graph of its own.
    """

    edges: Graph | None
    types: torch.Tensor
    scalars: torch.Tensor
    vectors: torch.Tensor
    n_particles: tuple[int, ...]
    thermal: Graph | None = None

    @property
    def graph(self) -> Graph:
        """The graph, for models that read one."""
        if self.edges is None:
            raise ValueError("this input has no graph")
        return self.edges

    @property
    def n_bytes(self) -> int:
        """Memory of the tensors."""
        tensors = [self.types, self.scalars, self.vectors]
        for graph in (self.edges, self.thermal):
            if graph is not None:
                tensors += [graph.receivers, graph.senders, graph.vectors, graph.lengths]
        # A union graph has its indices once.
        return sum({t.data_ptr(): t.nbytes for t in tensors}.values())

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> ModelInput:
        """The same input on another device, its real numbers in another dtype."""
        return ModelInput(
            self.edges and self.edges.to(device, dtype),
            self.types.to(device, non_blocking=True),
            self.scalars.to(device, dtype, non_blocking=True),
            self.vectors.to(device, dtype, non_blocking=True),
            self.n_particles,
            self.thermal and self.thermal.to(device, dtype),
        )

    def pin_memory(self) -> ModelInput:
        """The same input in page-locked memory."""
        return ModelInput(
            self.edges and self.edges.pin_memory(),
            self.types.pin_memory(),
            self.scalars.pin_memory(),
            self.vectors.pin_memory(),
            self.n_particles,
            self.thermal and self.thermal.pin_memory(),
        )

    def rotated(self, rotation: torch.Tensor) -> ModelInput:
        """The input of the rotated configuration; ``rotation`` is (3, 3)."""

        def turned(graph: Graph) -> Graph:
            return Graph(
                graph.receivers,
                graph.senders,
                graph.vectors @ rotation.T,
                graph.n_receivers,
                graph.n_senders,
                graph.cutoff,
                graph.receiver_start,
            )

        return replace(
            self,
            edges=turned(self.graph),
            vectors=torch.einsum("ij,njk->nik", rotation, self.vectors),
            thermal=None if self.thermal is None else turned(self.thermal),
        )
