"""Models of expert descriptors; a linear readout, solved by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from ..data.configuration import TYPE_NAMES, Configuration
from .base import Network
from .descriptors import DescriptorConfig, DescriptorSettings
from .inputs import ModelInput
from .kept import kept_descriptors
from .ridge import ridge
from .scalars import scalar_input

D = TypeVar("D", bound=DescriptorSettings)


class OnDescriptors(Network[D]):
    """A network that reads descriptors, standardised for each type, and no graph."""

    is_equivariant = True

    def __init__(self, config: D, n_types: int, n_times: int) -> None:
        self.size = len(config.names(n_types))
        super().__init__(config, n_types, n_times, self.size)

    @classmethod
    def read(
        cls,
        configuration: Configuration,
        config: D,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """Descriptors as the scalars of a model's input."""
        values = kept_descriptors(configuration, config, n_types)
        return scalar_input(configuration, values, dtype, device)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """Standardised descriptors, (N, n_descriptors)."""
        return self.standardised(batch.scalars, batch.types)


class LinearReadout(OnDescriptors[DescriptorConfig]):
    """One linear map for each (type, time), of standardised descriptors."""

    settings = DescriptorConfig
    solved = True

    def __init__(self, config: DescriptorConfig, n_types: int, n_times: int) -> None:
        super().__init__(config, n_types, n_times)
        self.weight = nn.Parameter(torch.zeros(n_types, self.size, n_times))
        self.bias = nn.Parameter(torch.zeros(n_types, n_times))

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
    def solve(
        self,
        inputs: Sequence[ModelInput],
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        groups: torch.Tensor | None = None,
    ) -> dict[str, Any]:
        """Ridge regression, type by type, on standardised targets (n, n_times)."""
        place = self.weight.device, self.weight.dtype
        features = torch.cat([self.represent(i.to(*place)) for i in inputs]).cpu().numpy()
        types = torch.cat([i.types for i in inputs]).cpu().numpy()
        wanted = targets.cpu().numpy()
        penalties = {}
        for t in np.unique(types):
            mine = types == t
            given = None if weights is None else weights.cpu().numpy()[mine]
            own = None if groups is None else groups.cpu().numpy()[mine]
            found = ridge(features[mine], wanted[mine], own, given)
            self.weight[t] = torch.from_numpy(np.ascontiguousarray(found.coefficients))
            self.bias[t] = torch.from_numpy(found.intercepts)
            penalties[TYPE_NAMES[t]] = [None if np.isnan(p) else float(p) for p in found.penalties]
        return {"penalties": penalties}
