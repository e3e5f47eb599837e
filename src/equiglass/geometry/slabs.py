"""The graph of a large configuration in slabs, so that memory does not hold all edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch

from .graph import Graph, check_positions
from .pairs import neighbour_pairs
from .periodic import FloatArray, wrap


def graph_slabs(
    positions: FloatArray,
    box: FloatArray,
    cutoff: float,
    n_slabs: int,
    *,
    periodic: Sequence[bool] = (True, True, True),
    dtype: torch.dtype = torch.float32,
    source: str = "configuration",
) -> Iterator[tuple[torch.Tensor, Graph]]:
    """The graph of :func:`equiglass.geometry.graph.build_graph` in slabs along x, one at a time.

    Yields the indices of a slab's receivers, in increasing order, and the graph of their edges:
    its receivers count within the slab, its senders are indices of all particles.

    Raises
    ------
    InputError
        As :func:`equiglass.geometry.graph.build_graph`.
    """
    place, lengths = check_positions(positions, box, cutoff, periodic, source)
    points = wrap(place.numpy(), lengths, (bool(periodic[0]), False, False))
    x = points[:, 0]
    low, high = (0.0, lengths[0]) if periodic[0] else (x.min(), np.nextafter(x.max(), np.inf))
    edges = np.linspace(low, high, n_slabs + 1)
    shifts = (-lengths[0], 0.0, lengths[0]) if periodic[0] else (0.0,)
    for start, stop in pairwise(edges):
        owned = np.flatnonzero((x >= start) & (x < stop))
        names, images = [], []
        for shift in shifts:
            near = np.flatnonzero((x + shift >= start - cutoff) & (x + shift < stop + cutoff))
            names.append(near)
            images.append(points[near] + np.array([shift, 0.0, 0.0]))
        name, image = np.concatenate(names), np.concatenate(images)
        i, j, vectors = neighbour_pairs(
            image,
            lengths,
            cutoff,
            (False, bool(periodic[1]), bool(periodic[2])),
            names=name,
            source=source,
        )
        inside = (image[i, 0] >= start) & (image[i, 0] < stop)
        receivers, senders, vectors = name[i[inside]], name[j[inside]], vectors[inside]
        order = np.lexsort((senders, receivers))
        graph = Graph(
            torch.from_numpy(np.searchsorted(owned, receivers[order])),
            torch.from_numpy(senders[order]),
            torch.from_numpy(vectors[order]).to(dtype),
            len(owned),
            len(points),
            cutoff,
        )
        yield torch.from_numpy(owned), graph
