"""A twin of the equivariant network without its symmetry: components of vectors as numbers.

Graph, inputs, filters, depth and decoder are those of :mod:`equiglass.models.se3`; features are
plain channels, plain matrices mix the components of the filters, and training shows a new rotation
at every step. What is left of the difference between the two is the equivariance.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from ..kernels.harmonics import edge_harmonics
from ..nn.decoder import Decoder
from ..nn.plain import PlainLayer
from .base import NetworkSettings
from .decoded import DecodedNetwork
from .inputs import InputSpec, ModelInput, OneGraph
from .on_graph import OnGraph


class TwinConfig(NetworkSettings):
    """Settings of the twin; those that both have mean the same."""

    kind: Literal["twin"] = "twin"
    inputs: OneGraph = Field(default_factory=InputSpec, description="what the network reads")
    cutoff: float = Field(2.0, ge=0.1, description="graph cutoff r_c, sigma")
    l_max: int = Field(2, ge=0, le=4, description="largest degree of the filters")
    channels: int = Field(24, ge=1, le=4096, description="channels of the features")
    layers: int = Field(4, ge=1, le=100, description="number of convolutions")
    n_basis: int = Field(10, ge=1, le=1000, description="Bessel functions of the radial basis")
    radial_width: int = Field(16, ge=1, le=10_000, description="hidden width of the radial MLP")
    mean_neighbours: float = Field(40.0, gt=0, description="scale of the sums over edges")
    decoder_width: int = Field(
        32, ge=0, le=10_000, description="hidden units of the decoder; 0: linear"
    )


class TwinNetwork(OnGraph[TwinConfig], DecodedNetwork[TwinConfig]):
    """From a graph to standardised propensities, by features without degrees."""

    settings = TwinConfig
    is_equivariant = False

    def __init__(self, config: TwinConfig, n_types: int, n_times: int) -> None:
        n_scalars = config.inputs.n_scalars
        super().__init__(config, n_types, n_times, n_scalars)
        n_inputs = n_types + n_scalars + 3 * len(config.inputs.displacements)
        self.embed = nn.Linear(n_inputs, config.channels, bias=False)
        self.layers = nn.ModuleList(
            PlainLayer(
                config.channels, config.l_max, config.cutoff, n_basis=config.n_basis,
                radial_width=config.radial_width, mean_neighbours=config.mean_neighbours,
            )
            for _ in range(config.layers)
        )  # fmt: skip
        self.n_features = config.layers * config.channels + n_scalars
        self.decoder = Decoder(self.n_features, n_types, n_times, width=config.decoder_width)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The features of every layer, and the standardised scalars, (N, n_features)."""
        one_hot = nn.functional.one_hot(batch.types, self.n_types).to(batch.scalars.dtype)
        standard = self.standardised(batch.scalars, batch.types)
        x = self.embed(torch.cat([one_hot, standard, batch.vectors.flatten(1)], dim=1))
        harmonics = edge_harmonics(batch.graph, self.config.l_max)
        read = []
        for layer in self.layers:
            x = layer(x, harmonics, batch.graph)
            read.append(x)
        return torch.cat([*read, standard], dim=1)
