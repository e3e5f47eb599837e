"""A configuration, or a batch of them, as a model takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..data.fields import ENERGY_FIELD as ENERGY_FIELD
from ..data.fields import POSITION_FIELD as POSITION_FIELD
from ..geometry.graph import Graph
from .input_spec import BOTH as BOTH
from .input_spec import UNION as UNION
from .input_spec import Energy as Energy
from .input_spec import Inputs as Inputs
from .input_spec import InputSpec as InputSpec
from .input_spec import OneGraph as OneGraph
from .input_spec import Positions as Positions
from .input_spec import Reference as Reference


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
