"""A layer that reads components of vectors as numbers: a steerable layer without its symmetry."""

from __future__ import annotations

import torch
from torch import nn

from ..geometry.graph import Graph
from ..kernels.dispatch import convolve
from ..kernels.paths import path_set
from ..kernels.problem import ConvolutionProblem
from .radial import RadialFunctions
from .steerable import SteerableBatchNorm


class PlainLayer(nn.Module):
    """h' = SiLU(BN(W [ sum_j R(r_ij) Y_lm(r_ij) h_j for every l and m, h_i ])).

    The filters are those of :class:`~equiglass.nn.convolution.SteerableLayer`; one matrix mixes all
    components of all degrees, which no rotation commutes with.
    """

    def __init__(
        self,
        channels: int,
        l_filter: int,
        cutoff: float,
        *,
        n_basis: int = 10,
        radial_width: int = 16,
        mean_neighbours: float = 40.0,
    ) -> None:
        super().__init__()
        paths = path_set(0, l_filter, l_filter, parity=True)
        self.problem = ConvolutionProblem(paths, channels, cutoff)
        self.scale = mean_neighbours**-0.5
        self.radial = RadialFunctions(len(paths), channels, cutoff, n_basis, radial_width)
        self.mix = nn.Linear(((l_filter + 1) ** 2 + 1) * channels, channels, bias=False)
        self.norm = SteerableBatchNorm(0, channels)

    def forward(self, x: torch.Tensor, harmonics: torch.Tensor, graph: Graph) -> torch.Tensor:
        """(N, channels) -> (N, channels)."""
        table = self.radial.table(self.problem.n_knots, graph.lengths.dtype)
        sums = convolve(x[:, None], harmonics, table, graph, self.problem)
        numbers = [s.flatten(1) * self.scale for s in sums]
        mixed = self.mix(torch.cat([*numbers, x], dim=1))
        return x + nn.functional.silu(self.norm(mixed[:, None])[:, 0])
