"""Layers of EIGNN (J. Phys. Chem. B 129, 3053 (2025)): scalars beside one feature of each degree.

The features of degree l = 0, 1 and 2 begin as spherical harmonics of a particle's displacement. As
there, all count as even: products of every parity are taken, and the symmetry is SO(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from ..geometry.graph import Graph
from ..geometry.union import EXTENT
from ..kernels.harmonics import spherical_harmonics
from ..kernels.paths import clebsch_gordan, path_set
from .edge_sums import Ends
from .radial import bessel_basis
from .steerable import SteerableBatchNorm

L_MAX = 2
SIZES = tuple(2 * l + 1 for l in range(L_MAX + 1))
PATHS = path_set(L_MAX, L_MAX, L_MAX, False)


def harmonics_of(vectors: torch.Tensor) -> torch.Tensor:
    """Spherical harmonics of directions, (n, 3) -> (n, 9); zero for l > 0 of a zero vector."""
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    tiny = torch.finfo(vectors.dtype).tiny
    return spherical_harmonics(vectors / lengths.clamp(min=tiny), L_MAX)


@lru_cache
def product_table(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Clebsch-Gordan coefficients of all paths, (9 x 9, components of all paths)."""
    columns = []
    for a, b, c in PATHS.paths:
        block = torch.zeros(9, 9, 2 * c + 1, dtype=torch.float64)
        block[a**2 : (a + 1) ** 2, b**2 : (b + 1) ** 2] = clebsch_gordan((a, b, c))
        columns.append(block.flatten(0, 1))
    return torch.cat(columns, dim=1).to(device, dtype)


@lru_cache
def degrees(dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """(3, 9): one where a component is of a degree."""
    of = torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES))
    return nn.functional.one_hot(of, len(SIZES)).T.to(device, dtype)


@dataclass(frozen=True)
class PairEdges:
    """What the layers read of the edges of a union graph.

    Attributes
    ----------
    harmonics
        (n_edges, 9) spherical harmonics of the thermal vectors.
    features
        (n_edges, 2 n_basis + 1) the inherent length minus the thermal one, sigma, and Bessel
        functions of both, which end at ``EXTENT`` cutoffs.
    counts
        (n_receivers, 1) edges of each receiver.
    """

    receivers: Ends
    senders: Ends
    harmonics: torch.Tensor
    features: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def of(cls, inherent: Graph, thermal: Graph, cutoff: float, n_basis: int) -> PairEdges:
        """Of the two graphs of a union, which have the same edges."""
        lengths = inherent.lengths, thermal.lengths
        bases = [bessel_basis(r, EXTENT * cutoff, n_basis) for r in lengths]
        start = thermal.receiver_start
        return cls(
            Ends.receivers(thermal),
            Ends.senders(thermal),
            harmonics_of(thermal.vectors),
            torch.cat([(lengths[0] - lengths[1])[:, None], *bases], dim=1),
            (start[1:] - start[:-1])[:, None],
        )

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Over the edges of each receiver, (n_edges, n) -> (n_receivers, n); zero without any."""
        return self.receivers.sum(values) / self.counts.clamp(min=1)


class GraphNorm(nn.Module):
    """Every channel centred, by a learned share of its mean, and scaled over a configuration.

    T. Cai et al., ICML 2021. There are no running statistics: a prediction depends on the whole
    configuration.
    """

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.share = nn.Parameter(torch.ones(channels))

    def forward(self, x: torch.Tensor, n_particles: tuple[int, ...]) -> torch.Tensor:
        """(N, channels) of configurations side by side -> the same shape."""
        normed = []
        for own in torch.split(x, list(n_particles)):
            away = own - self.share * own.mean(dim=0)
            normed.append(away * (away.square().mean(dim=0) + self.epsilon).rsqrt())
        return torch.cat(normed) * self.scale + self.shift


class DisplacementLayer(nn.Module):
    """Features of each degree from scalars and edges, then scalars from invariants of both.

    Parameters
    ----------
    n_edge_features
        Numbers of an edge, see :class:`PairEdges`.
    """

    def __init__(self, channels: int, n_edge_features: int) -> None:
        super().__init__()
        n_degrees = len(SIZES)
        self.sizes = [channels, channels, n_edge_features]
        self.edge_hidden = nn.Linear(sum(self.sizes), channels)
        self.edge_weights = nn.Linear(channels, n_degrees)
        self.join = nn.Linear(channels + PATHS.per_l_out[0], channels)
        self.mix = nn.ParameterList(nn.Parameter(torch.randn(n) * n**-0.5) for n in PATHS.per_l_out)
        self.gate = nn.Linear(n_edge_features + 2 * n_degrees, channels)
        self.values = nn.Linear(channels, channels)
        self.scalar_norm = GraphNorm(channels)
        self.steerable_norm = SteerableBatchNorm(L_MAX, 1)

    def forward(
        self,
        x: torch.Tensor,
        steerable: torch.Tensor,
        edges: PairEdges,
        n_particles: tuple[int, ...],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scalars (N, channels) and features (N, 9), of the same shapes afterwards."""
        weighted = self._weighted(x, edges)
        products = _products(steerable, edges.mean(weighted))
        x = self.join(torch.cat([x, products[0][:, :, 0]], dim=1))
        mixed = [torch.einsum("npm,p->nm", y, w) for y, w in zip(products, self.mix, strict=True)]
        steerable = torch.cat(mixed, dim=1)
        x = x + edges.mean(self._messages(x, steerable, weighted, edges))
        normed: torch.Tensor = self.steerable_norm(steerable[:, :, None])
        return self.scalar_norm(x, n_particles), normed[:, :, 0]

    def _weighted(self, x: torch.Tensor, edges: PairEdges) -> torch.Tensor:
        """Harmonics of each edge times a weight of each degree, (n_edges, 9)."""
        # The linear map in parts: what belongs to a particle is multiplied once for it.
        receiver, sender, edge = torch.split(self.edge_hidden.weight, self.sizes, dim=1)
        hidden = torch.addmm(self.edge_hidden.bias, edges.features, edge.T)
        hidden = hidden + edges.receivers.select(x @ receiver.T)
        hidden = hidden + edges.senders.select(x @ sender.T)
        weights = nn.functional.silu(self.edge_weights(nn.functional.silu(hidden)))
        return (weights @ degrees(weights.dtype, weights.device)) * edges.harmonics

    def _messages(
        self, x: torch.Tensor, steerable: torch.Tensor, weighted: torch.Tensor, edges: PairEdges
    ) -> torch.Tensor:
        """Scalars of the senders, gated by invariants of the edge, (n_edges, channels)."""
        sent = edges.senders.select(steerable)
        away = edges.receivers.select(steerable) - sent
        # The sums over m are taken with the linear map.
        of = degrees(x.dtype, x.device)
        root = of.sum(dim=1, keepdim=True).rsqrt()  # 1 / sqrt(2 l + 1) of a scalar product
        sizes = [edges.features.shape[1], len(SIZES), len(SIZES)]
        radial, product, square = torch.split(self.gate.weight, sizes, dim=1)
        invariant = torch.cat([product @ (of * root), square @ of], dim=1)
        gate = torch.addmm(self.gate.bias, edges.features, radial.T)
        gate = torch.addmm(gate, torch.cat([weighted * sent, away.square()], dim=1), invariant.T)
        values = edges.senders.select(nn.functional.silu(self.values(x)))
        return torch.sigmoid(gate) * values


def _products(a: torch.Tensor, b: torch.Tensor) -> list[torch.Tensor]:
    """All Clebsch-Gordan products of (N, 9) and (N, 9): per l_out (N, paths, 2 l_out + 1)."""
    every = (a[:, :, None] * b[:, None, :]).flatten(1) @ product_table(a.dtype, a.device)
    widths = [n * size for n, size in zip(PATHS.per_l_out, SIZES, strict=True)]
    blocks = torch.split(every, widths, dim=1)
    return [y.reshape(len(a), -1, size) for y, size in zip(blocks, SIZES, strict=True)]
