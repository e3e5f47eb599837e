"""What a model reads from a configuration: which graph, which scalars, which vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from ..data.configuration import Configuration
from ..errors import InputError
from ..geometry.graph import Graph, batch_graphs, build_graph

Positions = Literal["thermal", "inherent", "cage"]
Energy = Literal["thermal", "inherent"]
Reference = Literal["inherent", "cage"]

POSITION_FIELD: dict[str, str] = {
    "thermal": "positions",
    "inherent": "inherent_positions",
    "cage": "cage_positions",
}
ENERGY_FIELD: dict[str, str] = {"thermal": "thermal_energy", "inherent": "inherent_energy"}


class InputSpec(BaseModel):
    """Inputs of a model; the type of each particle is always one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    graph: Positions = Field("inherent", description="positions between which edges are drawn")
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
        names = [POSITION_FIELD[self.graph]]
        names += [ENERGY_FIELD[name] for name in self.energies]
        names += [POSITION_FIELD[name] for name in self.displacements]
        return tuple(dict.fromkeys(["positions", *names]))

    @property
    def n_scalars(self) -> int:
        """Scalars beside the type."""
        return len(self.energies) + len(self.displacements)

    def missing(self, configuration: Configuration) -> tuple[str, ...]:
        """Required fields that a configuration lacks."""
        return tuple(f for f in self.required_fields if getattr(configuration, f) is None)


@dataclass(frozen=True)
class ModelInput:
    """One configuration, or a batch of them, as a model takes it.

    Attributes
    ----------
    types
        (N,) int64.
    scalars
        (N, n_scalars): energies, then lengths of displacements, as measured.
    vectors
        (N, 3, n_displacements), sigma.
    n_particles
        Particles of each configuration in the batch.
    """

    graph: Graph
    types: torch.Tensor
    scalars: torch.Tensor
    vectors: torch.Tensor
    n_particles: tuple[int, ...]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> ModelInput:
        """The same input on another device, its real numbers in another dtype."""
        return ModelInput(
            self.graph.to(device, dtype),
            self.types.to(device, non_blocking=True),
            self.scalars.to(device, dtype, non_blocking=True),
            self.vectors.to(device, dtype, non_blocking=True),
            self.n_particles,
        )

    def pin_memory(self) -> ModelInput:
        """The same input in page-locked memory."""
        return ModelInput(
            self.graph.pin_memory(),
            self.types.pin_memory(),
            self.scalars.pin_memory(),
            self.vectors.pin_memory(),
            self.n_particles,
        )

    def rotated(self, rotation: torch.Tensor) -> ModelInput:
        """The input of the rotated configuration; ``rotation`` is (3, 3)."""
        graph = self.graph
        turned = Graph(
            graph.receivers,
            graph.senders,
            graph.vectors @ rotation.T,
            graph.n_receivers,
            graph.n_senders,
            graph.cutoff,
            graph.receiver_start,
        )
        vectors = torch.einsum("ij,njk->nik", rotation, self.vectors)
        return ModelInput(turned, self.types, self.scalars, vectors, self.n_particles)


def node_inputs(
    configuration: Configuration, spec: InputSpec, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Types (N,), scalars (N, n_scalars) and vectors (N, 3, n_displacements).

    Raises
    ------
    InputError
        If the configuration lacks a field that ``spec`` needs.
    """
    missing = spec.missing(configuration)
    if missing:
        raise InputError(
            "the model needs it, and the configuration does not have it (equiglass quench makes "
            "inherent structures and energies)",
            source=configuration.source,
            field=missing[0],
            expected=", ".join(spec.required_fields),
        )
    n = len(configuration)
    vectors = [
        configuration.displacement(POSITION_FIELD[name]).astype(np.float64)
        for name in spec.displacements
    ]
    scalars = [getattr(configuration, ENERGY_FIELD[name]) for name in spec.energies]
    scalars += [np.linalg.norm(v, axis=1) for v in vectors]
    return (
        torch.from_numpy(configuration.types.astype(np.int64)),
        torch.from_numpy(np.stack(scalars, axis=1) if scalars else np.empty((n, 0))).to(dtype),
        torch.from_numpy(np.stack(vectors, axis=2) if vectors else np.empty((n, 3, 0))).to(dtype),
    )


def graph_input(
    configuration: Configuration,
    spec: InputSpec,
    cutoff: float,
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> ModelInput:
    """Graph and node inputs of one configuration; on a GPU the graph is made there."""
    place = device if device is not None and device.type == "cuda" else None
    graph = build_graph(
        getattr(configuration, POSITION_FIELD[spec.graph]),
        configuration.box,
        cutoff,
        periodic=configuration.periodic,
        dtype=dtype,
        device=place,
        source=configuration.source,
    )
    types, scalars, vectors = (t.to(place) for t in node_inputs(configuration, spec, dtype))
    return ModelInput(graph, types, scalars, vectors, (len(configuration),))


def batch_inputs(inputs: Sequence[ModelInput]) -> ModelInput:
    """Several configurations as one, side by side."""
    if len(inputs) == 1:
        return inputs[0]
    return ModelInput(
        batch_graphs([i.graph for i in inputs]),
        torch.cat([i.types for i in inputs]),
        torch.cat([i.scalars for i in inputs]),
        torch.cat([i.vectors for i in inputs]),
        tuple(n for i in inputs for n in i.n_particles),
    )
