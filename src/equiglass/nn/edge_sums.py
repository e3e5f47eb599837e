"""Values of particles at the ends of edges, and sums of values of edges at their receivers.

Each is the gradient of the other; PyTorch's own gradient of a selection sorts the indices again in
every call, which takes longer than all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..geometry.edges import first_edges
from ..geometry.graph import Graph


@dataclass(frozen=True)
class Ends:
    """One end of all edges.

    Attributes
    ----------
    particles
        (n_edges,) the particle at this end.
    order
        (n_edges,) edges sorted by it.
    starts
        (n_particles,) in that order the first edge of each particle.
    """

    particles: torch.Tensor
    order: torch.Tensor
    starts: torch.Tensor

    @classmethod
    def receivers(cls, graph: Graph) -> Ends:
        """The particles that take messages, by which edges are sorted."""
        order = torch.arange(graph.n_edges, device=graph.receivers.device)
        return cls(graph.receivers, order, graph.receiver_start[:-1])

    @classmethod
    def senders(cls, graph: Graph) -> Ends:
        """The particles that send them."""
        order = torch.argsort(graph.senders, stable=True)
        return cls(graph.senders, order, first_edges(graph.senders[order], graph.n_senders)[:-1])

    def select(self, x: torch.Tensor) -> torch.Tensor:
        """(n_particles, n) -> (n_edges, n)."""
        values: torch.Tensor = _Select.apply(x, self)  # type: ignore[no-untyped-call]
        return values

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """(n_edges, n) -> (n_particles, n), zero without edges."""
        total: torch.Tensor = _Sum.apply(values, self)  # type: ignore[no-untyped-call]
        return total


def _summed(values: torch.Tensor, ends: Ends) -> torch.Tensor:
    if not len(values):
        return values.new_zeros(len(ends.starts), values.shape[1])
    return nn.functional.embedding_bag(ends.order, values.contiguous(), ends.starts, mode="sum")


class _Select(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, ends: Ends) -> torch.Tensor:
        ctx.ends = ends
        return x.index_select(0, ends.particles)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _summed(gradient, ctx.ends), None


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, ends: Ends) -> torch.Tensor:
        ctx.ends = ends
        return _summed(values, ends)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradient.index_select(0, ctx.ends.particles), None
