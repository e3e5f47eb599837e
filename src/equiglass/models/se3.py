"""The SE(3)-equivariant network of Pezzicoli, Charpiat and Landes, SciPost Phys. 16, 136 (2024)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from ..geometry.graph import Graph
from ..kernels.harmonics import spherical_harmonics
from ..nn.convolution import Skip, SteerableLayer
from ..nn.decoder import Decoder
from ..nn.steerable import invariants
from .inputs import InputSpec, ModelInput


class SE3Config(BaseModel):
    """Every setting of the network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    equivariant: ClassVar[bool] = True

    kind: Literal["se3"] = "se3"
    inputs: InputSpec = Field(default_factory=InputSpec, description="what the network reads")
    cutoff: float = Field(2.0, gt=0, description="graph cutoff r_c, sigma")
    l_max: int = Field(3, ge=0, le=4, description="largest degree of features and filters")
    channels: int = Field(8, ge=1, description="channels per degree")
    layers: int = Field(4, ge=1, description="number of convolutions")
    parity: bool = Field(
        True, description="O(3): only paths of even sum of l; false for SO(3), all paths"
    )
    n_basis: int = Field(10, ge=1, description="Bessel functions of the radial basis")
    radial_width: int = Field(16, ge=1, description="hidden width of the radial MLP")
    skip: Skip = Field("residual", description="how a layer's input joins its output")
    gate: bool = Field(True, description="gated nonlinearity on the features")
    batch_norm: bool = Field(True, description="equivariant batch normalisation")
    mean_neighbours: float = Field(40.0, gt=0, description="scale of the sums over edges")
    readout: Literal["last", "all"] = Field(
        "all", description="invariants of the last layer, or of every layer"
    )
    decoder_width: int = Field(
        32, ge=0, description="hidden units of the decoder; 0 for a linear one"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the decoder's input")


class SE3Network(nn.Module):
    """From a graph to standardised propensities at all times.

    The stages follow the paper's section: node inputs, edge attributes, steerable layers,
    readout of scalars and norms, one decoder per (type, time).
    """

    input_mean: torch.Tensor
    input_std: torch.Tensor

    def __init__(self, config: SE3Config, n_types: int, n_times: int) -> None:
        super().__init__()
        self.config, self.n_types, self.n_times = config, n_types, n_times
        n_scalars = config.inputs.n_scalars
        # Features of l = 0 alone cannot carry vectors; their lengths are among the scalars.
        n_vectors = len(config.inputs.displacements) if config.l_max else 0
        self.register_buffer("input_mean", torch.zeros(n_types, n_scalars))
        self.register_buffer("input_std", torch.ones(n_types, n_scalars))

        self.embed_scalars = nn.Linear(n_types + n_scalars, config.channels, bias=False)
        self.embed_vectors = (
            nn.Linear(n_vectors, config.channels, bias=False) if n_vectors else None
        )
        l_input = 1 if n_vectors else 0
        self.layers = nn.ModuleList(
            SteerableLayer(
                config.channels,
                config.channels,
                l_in=l_input if k == 0 else config.l_max,
                l_filter=config.l_max,
                l_out=config.l_max,
                cutoff=config.cutoff,
                parity=config.parity,
                n_basis=config.n_basis,
                radial_width=config.radial_width,
                mean_neighbours=config.mean_neighbours,
                skip=config.skip,
                gate=config.gate,
                batch_norm=config.batch_norm,
            )
            for k in range(config.layers)
        )
        n_read = config.layers if config.readout == "all" else 1
        n_invariants = n_read * (config.l_max + 1) * config.channels + n_scalars
        self.decoder = Decoder(
            n_invariants, n_types, n_times, width=config.decoder_width, dropout=config.dropout
        )

    def embed(
        self, types: torch.Tensor, scalars: torch.Tensor, vectors: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Node inputs: features (N, 1 or 4, channels) and standardised scalars (N, n_scalars)."""
        one_hot = nn.functional.one_hot(types, self.n_types).to(scalars.dtype)
        standard = (scalars - self.input_mean[types]) / self.input_std[types]
        x = self.embed_scalars(torch.cat([one_hot, standard], dim=1))[:, None]
        if self.embed_vectors is not None:
            x = torch.cat([x, self.embed_vectors(vectors)], dim=1)
        return x, standard

    def harmonics(self, directions: torch.Tensor) -> torch.Tensor:
        """Edge attributes: (n_edges, (l_max + 1)^2)."""
        return spherical_harmonics(directions, self.config.l_max)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The invariant representation that the decoders read, (N, n_invariants)."""
        x, standard = self.embed(batch.types, batch.scalars, batch.vectors)
        harmonics = self.harmonics(batch.graph.directions)
        read = []
        for layer in self.layers:
            x = layer(x, harmonics, batch.graph)
            if self.config.readout == "all" or layer is self.layers[-1]:
                read.append(invariants(x))
        return torch.cat([*read, standard], dim=1)

    def represent_in_slabs(
        self,
        types: torch.Tensor,
        scalars: torch.Tensor,
        vectors: torch.Tensor,
        slabs: Callable[[], Iterable[tuple[torch.Tensor, Graph]]],
    ) -> torch.Tensor:
        """:meth:`represent` with one slab's edges in memory at a time.

        Every layer walks through the slabs once; ``slabs`` starts the walk.
        """
        x, standard = self.embed(types, scalars, vectors)
        size = self.config.channels, (self.config.l_max + 1) ** 2
        read = []
        for layer in self.layers:
            y = x.new_empty(len(x), size[1], size[0])
            for receivers, graph in slabs():
                harmonics = self.harmonics(graph.directions)
                y[receivers] = layer(x, harmonics, graph, own=x[receivers])
            x = y
            if self.config.readout == "all" or layer is self.layers[-1]:
                read.append(invariants(x))
        return torch.cat([*read, standard], dim=1)

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        self.decoder.weight.mul_(scale[:, None])
        self.decoder.bias.mul_(scale).add_(shift)

    def forward(self, batch: ModelInput) -> torch.Tensor:
        """Standardised propensity of every particle at every time, (N, n_times)."""
        prediction: torch.Tensor = self.decoder(self.represent(batch), batch.types)
        return prediction
