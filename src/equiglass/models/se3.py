"""The SE(3)-equivariant network of Pezzicoli, Charpiat and Landes, SciPost Phys. 16, 136 (2024)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from ..data.configuration import Configuration
from ..geometry.graph import Graph
from ..geometry.slabs import Slabs
from ..geometry.union import EXTENT
from ..kernels.harmonics import edge_harmonics
from ..nn.convolution import Constants, SteerableLayer
from ..nn.decoder import Decoder, NeighbourMean
from ..nn.steerable import invariants
from ..nn.union import UnionEdges
from .base import Walk
from .decoded import DecodedNetwork
from .graph_inputs import slab_input
from .inputs import BOTH, UNION, ModelInput
from .on_graph import OnGraph
from .se3_settings import DIRECTIONS, layer_of
from .se3_settings import SE3Config as SE3Config


class SE3Network(OnGraph[SE3Config], DecodedNetwork[SE3Config]):
    """From a graph to standardised propensities at all times.

    The stages follow the paper's section: node inputs, edge attributes, steerable layers,
    readout of scalars and norms, one decoder per (type, time).
    """

    settings = SE3Config
    is_equivariant = True

    def __init__(self, config: SE3Config, n_types: int, n_times: int) -> None:
        n_scalars = config.inputs.n_scalars
        super().__init__(config, n_types, n_times, n_scalars)
        # Features of l = 0 alone cannot carry vectors; their lengths are among the scalars.
        n_vectors = len(config.inputs.displacements) if config.l_max else 0
        self.embed_scalars = nn.Linear(n_types + n_scalars, config.channels, bias=False)
        self.embed_vectors = (
            nn.Linear(n_vectors, config.channels, bias=False) if n_vectors else None
        )
        l_input = 1 if n_vectors else 0
        self.layers = nn.ModuleList(
            layer_of(config, k, l_input if k == 0 else config.l_max) for k in range(config.layers)
        )
        stacks, self.thermal_layers = 1, None
        if config.inputs.graph == BOTH:
            stacks, self.thermal_layers = (
                2,
                nn.ModuleList(
                    layer_of(config, k, l_input if k == 0 else config.l_max)
                    for k in range(config.layers)
                ),
            )
        n_read = stacks * (config.layers if config.readout == "all" else 1)
        n_invariants = n_read * (config.l_max + 1) * config.channels
        self.neighbours = None
        if config.decoder == "neighbours":
            extent = EXTENT * config.cutoff if config.inputs.graph == UNION else None
            self.neighbours = NeighbourMean(n_invariants, config.cutoff, extent)
            n_invariants *= 2
        self.n_features = n_invariants + n_scalars
        self.decoder = Decoder(
            self.n_features, n_types, n_times, width=config.decoder_width, dropout=config.dropout
        )

    def embed(self, nodes: ModelInput) -> tuple[torch.Tensor, torch.Tensor]:
        """Node inputs: features (N, 1 or 4, channels) and standardised scalars (N, n_scalars)."""
        one_hot = nn.functional.one_hot(nodes.types, self.n_types).to(nodes.scalars.dtype)
        standard = self.standardised(nodes.scalars, nodes.types)
        x = self.embed_scalars(torch.cat([one_hot, standard], dim=1))[:, None]
        if self.embed_vectors is not None:
            x = torch.cat([x, self.embed_vectors(nodes.vectors)], dim=1)
        return x, standard

    def harmonics(self, graph: Graph) -> torch.Tensor:
        """Edge attributes: (n_edges, (l_max + 1)^2)."""
        return edge_harmonics(graph, self.config.l_max)

    def joined(self, x: torch.Tensor, node_input: torch.Tensor) -> torch.Tensor:
        """What a layer takes: features, with the node input beside them where it is rejoined."""
        if not self.config.rejoin or x is node_input:
            return x
        missing = x.shape[1] - node_input.shape[1]
        return torch.cat([x, nn.functional.pad(node_input, (0, 0, 0, missing))], dim=2)

    def edges(self, batch: ModelInput) -> tuple[Any, ...]:
        """What every layer takes beside features: harmonics and graph, or those of a union."""
        c, graph = self.config, batch.graph
        if c.inputs.graph != UNION:
            return self._own_edges(graph)
        assert batch.thermal is not None
        n_basis = math.ceil(EXTENT * c.n_basis)
        graphs = graph, batch.thermal
        return (UnionEdges.of(graphs, DIRECTIONS[c.directions], c.l_max, c.cutoff, n_basis),)

    def _own_edges(self, graph: Graph) -> tuple[Any, ...]:
        return self.harmonics(graph), graph

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The invariant representation that the decoders read, (N, n_features)."""
        first, standard = self.embed(batch)
        read = self._read(self.layers, first, self.edges(batch))
        if self.thermal_layers is not None:
            assert batch.thermal is not None
            read += self._read(self.thermal_layers, first, self._own_edges(batch.thermal))
        if self.neighbours is not None:
            read.append(self.neighbours(torch.cat(read, dim=1), batch.graph))
        return torch.cat([*read, standard], dim=1)

    def _read(
        self, layers: nn.ModuleList, first: torch.Tensor, edges: tuple[Any, ...]
    ) -> list[torch.Tensor]:
        """Invariants of the layers that are read, one after another from the node input."""
        x, read = first, []
        for layer in layers:
            x = layer(self.joined(x, first), *edges)
            if self.config.readout == "all" or layer is layers[-1]:
                read.append(invariants(x))
        return read

    def layer_features(self, batch: ModelInput) -> list[torch.Tensor]:
        """Invariants (N, D) before the first layer and after each; of two graphs the inherent's."""
        first, _ = self.embed(batch)
        x, edges = first, self.edges(batch)
        read = [invariants(x)]
        for layer in self.layers:
            x = layer(self.joined(x, first), *edges)
            read.append(invariants(x))
        return read

    @property
    def slab_walks(self) -> int:
        """One for every layer and the mean over neighbours; two graphs are taken whole."""
        if self.config.inputs.graph in (UNION, BOTH):
            return 0
        return len(self.layers) + (self.neighbours is not None)

    @classmethod
    def read_in_slabs(
        cls,
        configuration: Configuration,
        config: SE3Config,
        n_slabs: int,
        dtype: torch.dtype,
        parts: int = 1,
        keep: int = 0,
    ) -> tuple[ModelInput, Slabs, torch.Tensor]:
        """Node inputs, the edges slab by slab, and the order of particles in both."""
        return slab_input(configuration, config.inputs, config.cutoff, n_slabs, dtype, parts, keep)

    def slab_bytes(self, n_particles: int, slab_size: int, edges_per_particle: float) -> int:
        """Memory of :meth:`represent_in_slabs`: features of all, edges and sums of two slabs.

        Sums are counted although a layer that is one operation makes none: from above.
        """
        c, item = self.config, self.input_mean.element_size()
        degrees, size = c.l_max + 1, (c.l_max + 1) ** 2 * c.channels
        n_read = c.layers if c.readout == "all" else 1
        # A layer's features, the next layer's and their squares; invariants, and those joined.
        sides = 1 if self.neighbours is None else 3
        of_particle = (5 if c.rejoin else 3) * size + 2 * sides * n_read * degrees * c.channels
        last = self.layers[-1]
        assert isinstance(last, SteerableLayer)
        paths = last.problem.paths.per_l_out
        width = last.problem.channels
        sums = sum((2 * l + 1) * n * width for l, n in enumerate(paths))
        # Indices, distances and harmonics twice; while they are made, all of it in float64.
        of_edge = 200 + 2 * item * (degrees**2 + 4)
        in_slab = 3 * item * sums + edges_per_particle * of_edge
        return int(n_particles * item * of_particle + slab_size * in_slab)

    def represent_in_slabs(self, nodes: ModelInput, walk: Walk) -> torch.Tensor:
        """:meth:`represent` with few slabs' edges in memory at a time."""
        first, standard = self.embed(nodes)
        x = first
        size = self.config.channels, (self.config.l_max + 1) ** 2
        degrees = self.config.l_max + 1
        read = []
        for layer in self.layers:
            assert isinstance(layer, SteerableLayer)
            y = x.new_empty(len(x), size[1], size[0])
            is_read = self.config.readout == "all" or layer is self.layers[-1]
            if is_read:
                read.append(x.new_empty(len(x), degrees * size[0]))
            # Where the pieces are: the bits of a product may depend on the number of threads.
            constants = cache(partial(layer.constants, x.dtype))
            rows = y, read[-1] if is_read else None
            walk(partial(self._visit, layer, self.joined(x, first), rows, constants))
            x = y
        if self.neighbours is not None:
            own = torch.cat(read, dim=1)
            around = torch.empty_like(own)
            mean = self.neighbours

            def visit(receivers: torch.Tensor, graph: Graph) -> None:
                around[receivers] = mean(own, graph)

            walk(visit)
            read.append(around)
        return torch.cat([*read, standard], dim=1)

    def _visit(
        self,
        layer: SteerableLayer,
        given: torch.Tensor,
        rows: tuple[torch.Tensor, torch.Tensor | None],
        constants: Callable[[], Constants],
        receivers: torch.Tensor,
        graph: Graph,
    ) -> None:
        """Features of some receivers after a layer, and their invariants, in their places."""
        layer.write(given, self.harmonics(graph), graph, receivers, *rows, constants())
