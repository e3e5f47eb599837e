"""A small neural network on expert descriptors, as GlassMLP is.

G. Jung, G. Biroli, L. Berthier, Phys. Rev. Lett. 130, 238202 (2023). The descriptors are those of
the ridge regression here, not theirs (which include perimeters of Voronoi cells), and so is the
training; common to both is that few trained layers stand on what is known of local structure.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from ..nn.decoder import Decoder
from .decoded import DecodedNetwork
from .descriptors import DescriptorSettings
from .linear import OnDescriptors


class DescriptorMLPConfig(DescriptorSettings):
    """Settings of the descriptors, lengths in sigma, and of the layers on them."""

    kind: Literal["descriptors_mlp"] = "descriptors_mlp"
    hidden: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field(
        (16, 16), max_length=100, description="widths of the hidden layers"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the descriptors")


class DescriptorMLP(OnDescriptors[DescriptorMLPConfig], DecodedNetwork[DescriptorMLPConfig]):
    """Hidden layers shared by all, with SiLU; then one linear map for each (type, time)."""

    settings = DescriptorMLPConfig

    def __init__(self, config: DescriptorMLPConfig, n_types: int, n_times: int) -> None:
        super().__init__(config, n_types, n_times)
        layers: list[nn.Module] = [nn.Dropout(config.dropout)]
        width = self.size
        for wanted in config.hidden:
            layers += [nn.Linear(width, wanted), nn.SiLU()]
            width = wanted
        self.hidden = nn.Sequential(*layers)
        self.decoder = Decoder(width, n_types, n_times, width=0)

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity, (N, n_times)."""
        return super().decode(self.hidden(representation), types)
