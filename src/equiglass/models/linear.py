"""A linear readout of expert descriptors, solved by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ..data.configuration import Configuration
from .base import Network
from .descriptors import DescriptorConfig, descriptors
from .inputs import ModelInput
from .ridge import ridge


class LinearReadout(Network[DescriptorConfig]):
    """One linear map for each (type, time), of standardised descriptors."""

    settings = DescriptorConfig
    is_equivariant = True
    solved = True

    def __init__(self, config: DescriptorConfig, n_types: int, n_times: int) -> None:
        size = len(config.names(n_types))
        super().__init__(config, n_types, n_times, size)
        self.weight = nn.Parameter(torch.zeros(n_types, size, n_times))
        self.bias = nn.Parameter(torch.zeros(n_types, n_times))

    @classmethod
    def read(
        cls,
        configuration: Configuration,
        config: DescriptorConfig,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """Descriptors as the scalars of a model's input, without a graph."""
        n = len(configuration)
        result = ModelInput(
            None,
            torch.from_numpy(configuration.types.astype(np.int64)),
            torch.from_numpy(descriptors(configuration, config, n_types)).to(dtype),
            torch.empty(n, 3, 0, dtype=dtype),
            (n,),
        )
        return result if device is None else result.to(device)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """Standardised descriptors, (N, n_descriptors)."""
        return self.standardised(batch.scalars, batch.types)

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity, (N, n_times)."""
        result = representation.new_zeros(len(representation), self.n_times)
        for t in range(self.n_types):
            mine = types == t
            result[mine] = representation[mine] @ self.weight[t] + self.bias[t]
        return result

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        self.weight.mul_(scale[:, None])
        self.bias.mul_(scale).add_(shift)

    def of_times(self) -> dict[str, torch.Tensor]:
        """All that was fitted."""
        return {"weight": self.weight, "bias": self.bias}

    @torch.no_grad()
    def solve(self, inputs: Sequence[ModelInput], targets: torch.Tensor) -> None:
        """Ridge regression, type by type, on standardised targets (n, n_times)."""
        place = self.weight.device, self.weight.dtype
        features = torch.cat([self.represent(i.to(*place)) for i in inputs]).cpu().numpy()
        types = torch.cat([i.types for i in inputs]).cpu().numpy()
        wanted = targets.cpu().numpy()
        for t in np.unique(types):
            mine = types == t
            weight, bias = ridge(features[mine], wanted[mine])
            self.weight[t] = torch.from_numpy(np.ascontiguousarray(weight))
            self.bias[t] = torch.from_numpy(bias)
