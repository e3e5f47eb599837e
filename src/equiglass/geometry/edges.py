"""What follows from the edges of a graph, and what they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .graph import Graph


def lengths_of(vectors: torch.Tensor) -> torch.Tensor:
    """(n,) lengths of vectors (n, 3)."""
    if vectors.device.type != "cpu" or vectors.shape[1:] != (3,):
        norm: torch.Tensor = torch.linalg.vector_norm(vectors, dim=1)
        return norm
    # Over three numbers at a time vector_norm takes three times as long on a CPU.
    x, y, z = vectors.unbind(1)
    return torch.addcmul(torch.addcmul(x.square(), y, y), z, z).sqrt()


def check_edges(graph: Graph) -> None:
    """Raise ValueError unless edges are sorted by receiver and all indices exist.

    Kernels read memory at these indices and do not look at them again.
    """
    receivers, senders, starts = graph.receivers, graph.senders, graph.receiver_start
    n_edges = len(senders)
    for name, tensor, shape in (
        ("receivers", receivers, (n_edges,)),
        ("senders", senders, (n_edges,)),
        ("vectors", graph.vectors, (n_edges, 3)),
        ("receiver_start", starts, (graph.n_receivers + 1,)),
    ):
        if tuple(tensor.shape) != shape:
            raise ValueError(f"graph: {name} must be of shape {shape}, found {tuple(tensor.shape)}")
        if name != "vectors" and tensor.dtype != torch.int64:
            raise ValueError(f"graph: {name} must be int64, found {tensor.dtype}")
    for name, tensor, count in (
        ("receivers", receivers, graph.n_receivers),
        ("senders", senders, graph.n_senders),
    ):
        if n_edges and not (int(tensor.min()) >= 0 and int(tensor.max()) < count):
            raise ValueError(
                f"graph: {name} must be in [0, {count}), found {int(tensor.min())} to "
                f"{int(tensor.max())}"
            )
    if not bool((receivers[1:] >= receivers[:-1]).all()):
        raise ValueError("graph: edges must be sorted by receiver")
    if not torch.equal(starts, first_edges(receivers, graph.n_receivers)):
        raise ValueError(
            f"graph: receiver_start must be the first edge of each receiver, increasing from 0 to "
            f"{n_edges}"
        )


def first_edges(receivers: torch.Tensor, n_receivers: int) -> torch.Tensor:
    """First edge of each receiver, (n_receivers + 1,), from receivers that do not decrease."""
    return torch.searchsorted(receivers, torch.arange(n_receivers + 1, device=receivers.device))
