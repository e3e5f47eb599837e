"""EIGNN's network, a rival that is equivariant, too: J. Phys. Chem. B 129, 3053 (2025).

After its public code (xjiang-hnu/EIGNN), whose settings are the defaults. It differs from that of
:mod:`equiglass.models.se3` in the graph, of pairs that are close in thermal or inherent positions;
in one feature of each degree, which begins as spherical harmonics of the displacement; in filters
that know the particles at both ends; and in scalars made from invariants at every layer.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import nn

from ..nn.decoder import Decoder
from ..nn.displacement import DisplacementLayer, PairEdges, harmonics_of
from ..nn.steerable import SteerableBatchNorm
from .base import NetworkSettings
from .decoded import DecodedNetwork
from .inputs import UNION, InputSpec, ModelInput
from .on_graph import OnGraph


class EIGNNConfig(NetworkSettings):
    """Settings of EIGNN's network; the defaults are those of its code."""

    kind: Literal["eignn"] = "eignn"
    inputs: InputSpec = Field(
        default_factory=lambda: InputSpec(graph=UNION, energies=("inherent",)),
        description="what the network reads",
    )
    cutoff: float = Field(2.0, ge=0.1, description="graph cutoff r_c, sigma")
    channels: int = Field(32, ge=1, le=4096, description="scalars of every particle")
    layers: int = Field(7, ge=1, le=100, description="number of layers")
    n_basis: int = Field(8, ge=1, le=1000, description="Bessel functions of each length")

    @field_validator("inputs")
    @classmethod
    def _both_positions(cls, inputs: InputSpec) -> InputSpec:
        if inputs.graph != UNION or inputs.displacements != ("inherent",):
            raise ValueError("networks of kind eignn have graph: union, displacements: [inherent]")
        return inputs


class EIGNNNetwork(OnGraph[EIGNNConfig], DecodedNetwork[EIGNNConfig]):
    """Embedding, layers, the mean over neighbours, one linear decoder per (type, time)."""

    settings = EIGNNConfig
    is_equivariant = True

    def __init__(self, config: EIGNNConfig, n_types: int, n_times: int) -> None:
        n_scalars, width = config.inputs.n_scalars, config.channels
        super().__init__(config, n_types, n_times, n_scalars)
        self.embed = nn.Linear(n_types + n_scalars, width)
        self.layers = nn.ModuleList(
            DisplacementLayer(width, 2 * config.n_basis + 1) for _ in range(config.layers)
        )
        # Nothing reads what leaves this norm, and processes that train together would wait for its
        # gradients.
        self.layers[-1].get_submodule("steerable_norm").requires_grad_(False)
        self.join = nn.Linear(2 * width, width)
        self.around = nn.Linear(2 * width, width)
        self.hidden = nn.Linear(width, width, bias=False)
        self.norm = SteerableBatchNorm(0, width)
        self.n_features = width
        self.decoder = Decoder(width, n_types, n_times, width=0)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The features that the decoders read, (N, channels)."""
        assert batch.thermal is not None
        edges = PairEdges.of(batch.graph, batch.thermal, self.config.cutoff, self.config.n_basis)
        one_hot = nn.functional.one_hot(batch.types, self.n_types).to(batch.scalars.dtype)
        standard = self.standardised(batch.scalars, batch.types)
        first = x = self.embed(torch.cat([one_hot, standard], dim=1))
        steerable = harmonics_of(batch.vectors[:, :, 0])
        for layer in self.layers:
            x, steerable = layer(x, steerable, edges, batch.n_particles)
        x = nn.functional.silu(self.join(torch.cat([first, x], dim=1)))
        # Their message, linear in both ends, is averaged before the map and not after it.
        away = edges.mean(edges.senders.select(x)) - x
        around = torch.where(edges.counts > 0, self.around(torch.cat([x, away], dim=1)), 0.0)
        return nn.functional.relu(self.norm(self.hidden(around)[:, None])[:, 0])
