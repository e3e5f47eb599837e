"""From invariants to propensities: one linear decoder per (type, time)."""

from __future__ import annotations

import torch
from torch import nn


class Decoder(nn.Module):
    """An optional hidden layer shared by all, then one linear map for each (type, time)."""

    def __init__(
        self, n_inputs: int, n_types: int, n_times: int, *, width: int = 32, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(n_inputs, width) if width else None
        size = width or n_inputs
        self.weight = nn.Parameter(torch.randn(n_types, size, n_times) * size**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_types, n_times))

    def forward(self, features: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Features (N, n_inputs) and types (N,) -> (N, n_times)."""
        hidden = self.dropout(features)
        if self.hidden is not None:
            hidden = nn.functional.silu(self.hidden(hidden))
        # Every type's decoder on every particle: for two or three types cheaper than sorting.
        every = torch.einsum("nh,aht->nat", hidden, self.weight) + self.bias
        index = types[:, None, None].expand(-1, 1, every.shape[2])
        return every.gather(1, index)[:, 0]
