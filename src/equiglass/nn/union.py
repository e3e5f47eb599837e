"""Steerable layers on a union graph, whose edges have a vector by each of two sets of positions.

What EIGNN (J. Phys. Chem. B 129, 3053 (2025)) reads of an edge: its length in the thermal and in
the inherent positions, and the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..geometry.graph import Graph
from ..geometry.union import EXTENT
from ..kernels.dispatch import flat_sums
from ..kernels.harmonics import edge_harmonics
from ..kernels.problem import N_KNOTS, ConvolutionProblem
from .convolution import SteerableLayer
from .radial import RadialFunctions, bessel_basis, smooth_cutoff

# Of the difference of lengths, which is a few tenths of sigma at most.
N_DIFFERENCES, WIDEST = 9, 0.8


@dataclass(frozen=True)
class UnionEdges:
    """What the layers read of the edges.

    Attributes
    ----------
    graphs, harmonics
        Of each of the directions: the edges with their vectors there, and (n_edges, (l_max + 1)^2)
        spherical harmonics of these.
    features
        (n_edges, n) radial functions of both lengths and of their difference.
    envelope
        (n_edges,) one for a close pair, and zero where both lengths reach the cutoff.
    """

    graphs: tuple[Graph, ...]
    harmonics: tuple[torch.Tensor, ...]
    features: torch.Tensor
    envelope: torch.Tensor

    @classmethod
    def of(
        cls,
        graphs: tuple[Graph, Graph],
        directions: Sequence[int],
        l_max: int,
        cutoff: float,
        n_basis: int,
    ) -> UnionEdges:
        """Of the graphs of the two sets of positions, with the harmonics of one or both."""
        lengths = [g.lengths for g in graphs]
        difference = lengths[1] - lengths[0]
        centres = torch.linspace(-WIDEST, WIDEST, N_DIFFERENCES).to(difference)
        width = 2 * WIDEST / (N_DIFFERENCES - 1)
        bells = torch.exp(-(((difference[:, None] - centres) / width) ** 2) / 2)
        bases = [bessel_basis(r, EXTENT * cutoff, n_basis) for r in lengths]
        far = [1 - smooth_cutoff(r, cutoff) for r in lengths]
        chosen = tuple(graphs[d] for d in directions)
        return cls(
            chosen,
            tuple(edge_harmonics(g, l_max) for g in chosen),
            torch.cat([*bases, bells], dim=1),
            1 - far[0] * far[1],
        )


class UnionLayer(SteerableLayer):
    """A steerable layer whose filters know both lengths of an edge.

    The filter of a direction is R_pc(r) Y_lm(r̂) s_l, r being the length in that direction, with
    s_l = u (1 + a hidden layer on radial functions of both lengths and their difference) and the
    envelope u. With two directions their sums are added.

    Parameters
    ----------
    n_directions
        1 for the harmonics of one set of positions, 2 for both.
    edge_width
        Hidden width of s_l.
    options
        Of :class:`SteerableLayer`.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        l_in: int,
        l_filter: int,
        l_out: int,
        cutoff: float,
        *,
        n_directions: int,
        edge_width: int = 16,
        n_basis: int = 10,
        radial_width: int = 16,
        **options: Any,
    ) -> None:
        super().__init__(
            channels_in, channels, l_in, l_filter, l_out, cutoff, n_basis=n_basis,
            radial_width=radial_width, **options,
        )  # fmt: skip
        paths, extent = self.problem.paths, EXTENT * cutoff
        self.problem = ConvolutionProblem(paths, channels_in, extent, math.ceil(EXTENT * N_KNOTS))
        # As many functions for each length as without the room beyond the cutoff.
        size = math.ceil(EXTENT * n_basis)
        functions = [
            RadialFunctions(len(paths), channels_in, extent, size, radial_width, envelope=False)
            for _ in range(n_directions)
        ]
        self.radial, *others = functions
        self.other_radial = nn.ModuleList(others)
        self.sizes = [2 * l + 1 for l in range(l_filter + 1)]
        n_features = 2 * size + N_DIFFERENCES
        self.edge_hidden = nn.Linear(n_features, edge_width)
        self.edge_output = nn.Linear(edge_width, n_directions * len(self.sizes))
        # The directions share the scale of the sums.
        self.scale *= n_directions**-0.5

    def union_sums(self, x: torch.Tensor, edges: UnionEdges) -> torch.Tensor:
        """Path sums over both directions, flat."""
        hidden = nn.functional.silu(self.edge_hidden(edges.features))
        factors = edges.envelope[:, None] * (1 + self.edge_output(hidden))
        total: torch.Tensor | None = None
        for k, radial in enumerate([self.radial, *self.other_radial]):
            own = factors[:, k * len(self.sizes) : (k + 1) * len(self.sizes)]
            every = torch.cat(
                [f[:, None].expand(-1, n) for f, n in zip(own.T, self.sizes, strict=True)], dim=1
            )
            graph, harmonics = edges.graphs[k], edges.harmonics[k] * every
            table = radial.table(self.problem.n_knots, graph.lengths.dtype)
            sums = flat_sums(x, harmonics, table, graph, self.problem)
            total = sums if total is None else total + sums
        assert total is not None  # there is a direction
        return total

    def forward(self, x: torch.Tensor, edges: UnionEdges) -> torch.Tensor:  # type: ignore[override]
        """(N, (l_in + 1)^2, channels_in) -> (N, (l_out + 1)^2, channels)."""
        return self.mixed(self.union_sums(x, edges), x)
