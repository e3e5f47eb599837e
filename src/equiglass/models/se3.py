"""The SE(3)-equivariant network of Pezzicoli, Charpiat and Landes, SciPost Phys. 16, 136 (2024)."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from ..data.configuration import Configuration
from ..geometry.union import EXTENT
from ..kernels.harmonics import spherical_harmonics
from ..nn.convolution import Skip, SteerableLayer
from ..nn.decoder import Decoder, NeighbourMean
from ..nn.steerable import invariants
from ..nn.union import UnionEdges, UnionLayer
from .base import Network, NetworkSettings, Slabs
from .inputs import UNION, InputSpec, ModelInput, graph_input, slab_input

# Which of the graphs of a union, inherent and thermal, give the directions of its edges.
DIRECTIONS = {"inherent": (0,), "thermal": (1,), "both": (0, 1)}


class SE3Config(NetworkSettings):
    """Every setting of the network."""

    kind: Literal["se3"] = "se3"
    inputs: InputSpec = Field(default_factory=InputSpec, description="what the network reads")
    cutoff: float = Field(2.0, ge=0.1, description="graph cutoff r_c, sigma")
    l_max: int = Field(3, ge=0, le=4, description="largest degree of features and filters")
    channels: int = Field(8, ge=1, le=4096, description="channels per degree")
    layers: int = Field(4, ge=1, le=100, description="number of convolutions")
    parity: bool = Field(
        True, description="O(3): only paths of even sum of l; false for SO(3), all paths"
    )
    directions: Literal["inherent", "thermal", "both"] = Field(
        "inherent", description="positions whose harmonics filters have, on a union graph"
    )
    edge_width: int = Field(
        16,
        ge=1,
        le=10_000,
        description="hidden width of what filters read of both lengths, on a union graph",
    )
    n_basis: int = Field(10, ge=1, le=1000, description="Bessel functions of the radial basis")
    radial_width: int = Field(16, ge=1, le=10_000, description="hidden width of the radial MLP")
    skip: Skip = Field("residual", description="how a layer's input joins its output")
    gate: bool = Field(True, description="gated nonlinearity on the features")
    batch_norm: bool = Field(True, description="equivariant batch normalisation")
    momentum: float = Field(
        0.1, gt=0, le=1, description="weight of a step in the running statistics of the norms"
    )
    rejoin: bool = Field(
        False, description="node input joined to the input of every layer, channels side by side"
    )
    mean_neighbours: float = Field(40.0, gt=0, description="scale of the sums over edges")
    readout: Literal["last", "all"] = Field(
        "all", description="invariants of the last layer, or of every layer"
    )
    decoder_width: int = Field(
        32, ge=0, le=10_000, description="hidden units of the decoder; 0 for a linear one"
    )
    decoder: Literal["particle", "neighbours"] = Field(
        "particle",
        description="whose invariants the decoder reads: the particle's, or the mean over its "
        "neighbours beside them",
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the decoder's input")


def _layer(config: SE3Config, k: int, l_in: int) -> SteerableLayer:
    sizes: dict[str, Any] = {"l_in": l_in, "l_filter": config.l_max, "l_out": config.l_max}
    options: dict[str, Any] = {
        "parity": config.parity,
        "n_basis": config.n_basis,
        "radial_width": config.radial_width,
        "mean_neighbours": config.mean_neighbours,
        "skip": config.skip,
        "gate": config.gate,
        "batch_norm": config.batch_norm,
        "momentum": config.momentum,
    }
    kind: type[SteerableLayer] = SteerableLayer
    if config.inputs.graph == UNION:
        kind = UnionLayer
        options["n_directions"] = len(DIRECTIONS[config.directions])
        options["edge_width"] = config.edge_width
    joined = 2 if config.rejoin and k > 0 else 1
    return kind(joined * config.channels, config.channels, cutoff=config.cutoff, **sizes, **options)


class SE3Network(Network[SE3Config]):
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
            _layer(config, k, l_input if k == 0 else config.l_max) for k in range(config.layers)
        )
        n_read = config.layers if config.readout == "all" else 1
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

    @classmethod
    def read(
        cls,
        configuration: Configuration,
        config: SE3Config,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """Graph and node inputs; on a GPU the graph is made there."""
        return graph_input(configuration, config.inputs, config.cutoff, dtype, device)

    def embed(self, nodes: ModelInput) -> tuple[torch.Tensor, torch.Tensor]:
        """Node inputs: features (N, 1 or 4, channels) and standardised scalars (N, n_scalars)."""
        one_hot = nn.functional.one_hot(nodes.types, self.n_types).to(nodes.scalars.dtype)
        standard = self.standardised(nodes.scalars, nodes.types)
        x = self.embed_scalars(torch.cat([one_hot, standard], dim=1))[:, None]
        if self.embed_vectors is not None:
            x = torch.cat([x, self.embed_vectors(nodes.vectors)], dim=1)
        return x, standard

    def harmonics(self, directions: torch.Tensor) -> torch.Tensor:
        """Edge attributes: (n_edges, (l_max + 1)^2)."""
        return spherical_harmonics(directions, self.config.l_max)

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
            return self.harmonics(graph.directions), graph
        assert batch.thermal is not None
        n_basis = math.ceil(EXTENT * c.n_basis)
        graphs = graph, batch.thermal
        return (UnionEdges.of(graphs, DIRECTIONS[c.directions], c.l_max, c.cutoff, n_basis),)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The invariant representation that the decoders read, (N, n_features)."""
        first, standard = self.embed(batch)
        x, edges = first, self.edges(batch)
        read = []
        for layer in self.layers:
            x = layer(self.joined(x, first), *edges)
            if self.config.readout == "all" or layer is self.layers[-1]:
                read.append(invariants(x))
        if self.neighbours is not None:
            read.append(self.neighbours(torch.cat(read, dim=1), batch.graph))
        return torch.cat([*read, standard], dim=1)

    def layer_features(self, batch: ModelInput) -> list[torch.Tensor]:
        """Invariants (N, D) before the first layer and after each."""
        first, _ = self.embed(batch)
        x, edges = first, self.edges(batch)
        read = [invariants(x)]
        for layer in self.layers:
            x = layer(self.joined(x, first), *edges)
            read.append(invariants(x))
        return read

    @property
    def slab_walks(self) -> int:
        """One for every layer and the mean over neighbours; a union graph is taken whole."""
        if self.config.inputs.graph == UNION:
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
    ) -> tuple[ModelInput, Slabs]:
        """Node inputs, and a function that starts a walk through the slabs."""
        return slab_input(configuration, config.inputs, config.cutoff, n_slabs, dtype, parts, keep)

    def slab_bytes(self, n_particles: int, slab_size: int, edges_per_particle: float) -> int:
        """Memory of :meth:`represent_in_slabs`: features of all, edges and sums of two slabs."""
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

    def represent_in_slabs(self, nodes: ModelInput, slabs: Slabs) -> torch.Tensor:
        """:meth:`represent` with one slab's edges in memory at a time."""
        first, standard = self.embed(nodes)
        x = first
        size = self.config.channels, (self.config.l_max + 1) ** 2
        read = []
        for layer in self.layers:
            given = self.joined(x, first)
            y = x.new_empty(len(x), size[1], size[0])
            for receivers, graph in slabs():
                harmonics = self.harmonics(graph.directions)
                y[receivers] = layer(given, harmonics, graph, own=given[receivers])
            x = y
            if self.config.readout == "all" or layer is self.layers[-1]:
                read.append(invariants(x))
        if self.neighbours is not None:
            own = torch.cat(read, dim=1)
            around = torch.empty_like(own)
            for receivers, graph in slabs():
                around[receivers] = self.neighbours(own, graph)
            read.append(around)
        return torch.cat([*read, standard], dim=1)

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity from the representation, (N, n_times)."""
        prediction: torch.Tensor = self.decoder(representation, types)
        return prediction

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        self.decoder.weight.mul_(scale[:, None])
        self.decoder.bias.mul_(scale).add_(shift)

    def of_times(self) -> dict[str, torch.Tensor]:
        """The decoders."""
        return {"decoder.weight": self.decoder.weight, "decoder.bias": self.decoder.bias}
