"""From invariants to propensities: one linear decoder per (type, time)."""

from __future__ import annotations

import torch
from torch import nn

from ..geometry.graph import Graph
from ..kernels.dispatch import convolve
from ..kernels.paths import path_set
from ..kernels.problem import ConvolutionProblem
from ..kernels.table import knots
from .radial import smooth_cutoff


class NeighbourMean(nn.Module):
    """The mean of features over neighbours, weighted by the envelope u of their distance.

    sum_j u(r_ij) f_j / (1 + sum_j u(r_ij)): smooth where a neighbour leaves, zero without any.

    Parameters
    ----------
    cutoff
        Where u is zero, sigma.
    extent
        Longest edge of the graph, sigma.
    """

    def __init__(self, n_features: int, cutoff: float, extent: float | None = None) -> None:
        super().__init__()
        self.cutoff = cutoff
        # A channel more counts the neighbours.
        self.problem = ConvolutionProblem(path_set(0, 0, 0, True), n_features + 1, extent or cutoff)

    def forward(self, features: torch.Tensor, graph: Graph) -> torch.Tensor:
        """(n_senders, n_features) -> (n_receivers, n_features)."""
        x = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)[:, None]
        p, dtype = self.problem, graph.lengths.dtype
        weights = smooth_cutoff(knots(p.n_knots, p.cutoff, dtype, x.device), self.cutoff)
        table = weights[:, None, None].expand(-1, 1, p.channels)
        harmonics = torch.ones_like(graph.lengths)[:, None]
        sums = convolve(x, harmonics, table, graph, p)[0].flatten(1)
        return sums[:, :-1] / (1 + sums[:, -1:])


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
