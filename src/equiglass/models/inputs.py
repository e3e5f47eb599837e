"""What a model reads from a configuration: which graph, which scalars, which vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import AfterValidator, Field

from ..data.configuration import Configuration
from ..data.fields import ENERGY_FIELD as ENERGY_FIELD
from ..data.fields import FEATURE_FIELDS, MADE_FIELDS
from ..data.fields import POSITION_FIELD as POSITION_FIELD
from ..errors import InputError
from ..geometry.graph import Graph, batch_graphs, build_graph
from ..geometry.slabs import Slabs
from ..geometry.union import union_graphs
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


def node_inputs(
    configuration: Configuration, spec: InputSpec, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Types (N,), scalars (N, n_scalars) and vectors (N, 3, n_displacements).

    Raises
    ------
    InputError
        If the configuration lacks a field that ``spec`` needs.
    """
    spec.check(configuration)
    n = len(configuration)
    vectors = [
        configuration.displacement(POSITION_FIELD[name]).astype(np.float64)
        for name in spec.displacements
    ]
    scalars = [getattr(configuration, ENERGY_FIELD[name]) for name in spec.energies]
    scalars += [np.linalg.norm(v, axis=1) for v in vectors]
    scalars += [getattr(configuration, name) for name in spec.features]
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
    """Graph and node inputs of one configuration; on a GPU the graph is made there.

    A union graph is made on the CPU.
    """
    if spec.graph == UNION:
        return _union_input(configuration, spec, cutoff, dtype)
    place = device if device is not None and device.type == "cuda" else None

    def graph(positions: Positions) -> Graph:
        return build_graph(
            getattr(configuration, POSITION_FIELD[positions]),
            configuration.box,
            cutoff,
            periodic=configuration.periodic,
            dtype=dtype,
            device=place,
            source=configuration.source,
        )

    # What is missing is said before a graph is made.
    types, scalars, vectors = (t.to(place) for t in node_inputs(configuration, spec, dtype))
    first: Positions = "inherent" if spec.graph == BOTH else spec.graph
    thermal = graph("thermal") if spec.graph == BOTH else None
    return ModelInput(graph(first), types, scalars, vectors, (len(configuration),), thermal)


def _union_input(
    configuration: Configuration, spec: InputSpec, cutoff: float, dtype: torch.dtype
) -> ModelInput:
    c = configuration
    nodes = node_inputs(c, spec, dtype)
    assert c.inherent_positions is not None  # as node_inputs checked
    inherent, thermal = union_graphs(
        c.inherent_positions, c.positions, c.box, cutoff,
        periodic=c.periodic, dtype=dtype, source=c.source,
    )  # fmt: skip
    return ModelInput(inherent, *nodes, (len(c),), thermal)


def slab_input(
    configuration: Configuration,
    spec: InputSpec,
    cutoff: float,
    n_slabs: int,
    dtype: torch.dtype = torch.float32,
    parts: int = 1,
    keep: int = 0,
) -> tuple[ModelInput, Callable[[], Iterator[tuple[torch.Tensor, Graph]]]]:
    """:func:`graph_input` without edges, and a function that walks through those slab by slab.

    Not of two sets of positions.

    Parameters
    ----------
    parts
        Pieces in which a slab comes.
    keep
        Bytes in which edges may be kept from one walk to the next.
    """
    nodes = ModelInput(None, *node_inputs(configuration, spec, dtype), (len(configuration),))
    assert spec.graph not in (UNION, BOTH)
    slabs = Slabs(
        getattr(configuration, POSITION_FIELD[spec.graph]),
        configuration.box,
        cutoff,
        n_slabs,
        periodic=configuration.periodic,
        dtype=dtype,
        source=configuration.source,
        parts=parts,
        keep=keep,
    )
    return nodes, slabs.__iter__


def batch_inputs(inputs: Sequence[ModelInput]) -> ModelInput:
    """Several configurations as one, side by side."""
    if len(inputs) == 1:
        return inputs[0]
    graphs = [i.edges for i in inputs if i.edges is not None]
    thermal = [i.thermal for i in inputs if i.thermal is not None]
    return ModelInput(
        batch_graphs(graphs) if graphs else None,
        torch.cat([i.types for i in inputs]),
        torch.cat([i.scalars for i in inputs]),
        torch.cat([i.vectors for i in inputs]),
        tuple(n for i in inputs for n in i.n_particles),
        batch_graphs(thermal) if thermal else None,
    )
