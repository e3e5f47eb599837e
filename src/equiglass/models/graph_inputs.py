"""From a configuration to the graph and the node inputs that a network takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..data.configuration import Configuration
from ..geometry.graph import Graph, batch_graphs, build_graph
from ..geometry.slabs import Slabs, in_rows
from ..geometry.union import union_graphs
from .inputs import BOTH, ENERGY_FIELD, POSITION_FIELD, UNION, InputSpec, ModelInput, Positions


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
) -> tuple[ModelInput, Slabs, torch.Tensor]:
    """:func:`graph_input` without edges, those slab by slab, and the order of particles in both.

    Not of two sets of positions. The order, (N,), says which particle comes where.

    Parameters
    ----------
    parts
        Pieces in which a slab comes.
    keep
        Bytes in which edges may be kept from one walk to the next.
    """
    assert spec.graph not in (UNION, BOTH)
    of_particles = node_inputs(configuration, spec, dtype)
    positions = getattr(configuration, POSITION_FIELD[spec.graph])
    order = in_rows(positions, configuration.box, cutoff, configuration.periodic)
    slabs = Slabs(
        positions,
        configuration.box,
        cutoff,
        n_slabs,
        periodic=configuration.periodic,
        dtype=dtype,
        source=configuration.source,
        parts=parts,
        keep=keep,
        order=order,
    )
    index = torch.from_numpy(order)
    types, scalars, vectors = (t[index] for t in of_particles)
    nodes = ModelInput(None, types, scalars, vectors, (len(configuration),))
    return nodes, slabs, index


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
