"""The orders of edges in which the backward pass sums.

They belong to the graph and not to a layer, so they are arguments of the operator and are computed
once for a graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


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
    values = torch.arange(n + 1, device=keys.device)
    return order, torch.searchsorted(keys[order], values)


def edge_order(
    senders: torch.Tensor, lengths: torch.Tensor, n_senders: int, n_knots: int, cutoff: float
) -> EdgeOrder:
    """Both orders of a graph's edges, for a table of ``n_knots`` knots on [0, cutoff]."""
    place = lengths.detach() * ((n_knots - 1) / cutoff)
    first = (place.to(torch.int64) - 1).clamp(0, n_knots - 4)
    return EdgeOrder(*_sorted(senders, n_senders), *_sorted(first, n_knots - 3))
