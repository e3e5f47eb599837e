"""The orders of edges in which the backward pass sums.

They belong to the graph and not to a layer, so they are arguments of the operator and are computed
once for a graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...geometry.edges import first_edges
from ...geometry.graph import Graph
from ..problem import ConvolutionProblem
from ..table import first_knot


@dataclass(frozen=True)
class EdgeOrder:
    """Edges in the orders in which the backward pass sums over them.

    Attributes
    ----------
    sender_order, sender_start
        (n_edges,) edges by sender, in order, and (n_senders + 1,) the first of each sender.
    knot_order, knot_start
        (n_edges,) edges by the first of the four knots that interpolate them, and
        (n_knots - 2,) the first of each.
    """

    sender_order: torch.Tensor
    sender_start: torch.Tensor
    knot_order: torch.Tensor
    knot_start: torch.Tensor


def _sorted(keys: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    order = torch.argsort(keys, stable=True)
    return order, first_edges(keys[order], n)


def edge_order(graph: Graph, problem: ConvolutionProblem) -> EdgeOrder:
    """Both orders of a graph's edges, computed once for a graph and kept with it."""
    kept = ("edge order", problem.n_knots, problem.cutoff)
    order = graph.derived.get(kept)
    if order is None:
        first, _ = first_knot(graph.lengths.detach(), problem.n_knots, problem.cutoff)
        by_sender = _sorted(graph.senders, graph.n_senders)
        order = EdgeOrder(*by_sender, *_sorted(first, problem.n_knots - 3))
        graph.derived[kept] = order
    return order
