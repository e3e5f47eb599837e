"""Neighbour graphs made where the tensors are: on a GPU nothing is copied to the host and back."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .graph import Graph, check_positions
from .pairs import OVERLAP, overlap_error
from .periodic import FloatArray


def build_graph_on(
    device: torch.device,
    positions: FloatArray,
    box: FloatArray,
    cutoff: float,
    *,
    periodic: Sequence[bool] = (True, True, True),
    dtype: torch.dtype = torch.float32,
    source: str = "configuration",
) -> Graph:
    """:func:`equiglass.geometry.graph.build_graph` on a device, by vesin's cell list there.

    Positions go to the device, edges stay on it, in the same order.

    Raises
    ------
    InputError
        As :func:`equiglass.geometry.graph.build_graph`.
    """
    import vesin

    points, lengths = check_positions(positions, box, cutoff, periodic, source)
    n = len(points)
    place = torch.from_numpy(points).to(device)
    cell = torch.diag(torch.from_numpy(lengths)).to(device)
    if n == 0:
        nothing = torch.empty(0, dtype=torch.int64, device=device)
        return Graph(nothing, nothing, torch.empty(0, 3, dtype=dtype, device=device), 0, 0, cutoff)
    finder = vesin.NeighborList(cutoff=cutoff, full_list=True)
    sides = torch.tensor([bool(p) for p in periodic], device=device)
    i, j, vectors, distances = finder.compute(place, cell, sides, "ijDd")
    receivers, senders = i.to(torch.int64), j.to(torch.int64)
    if len(distances) and float(distances.min()) < OVERLAP:
        pair = int(distances.argmin())
        raise overlap_error(
            float(distances[pair]), int(receivers[pair]), int(senders[pair]), source
        )
    # No pair has two images in a box that is twice the cutoff, so the key has no ties.
    order = torch.argsort(receivers * n + senders)
    receivers = receivers[order]
    starts = torch.searchsorted(receivers, torch.arange(n + 1, device=device))
    return Graph(receivers, senders[order], vectors[order].to(dtype), n, n, cutoff, starts)
