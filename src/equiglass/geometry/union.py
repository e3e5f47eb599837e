"""One graph of two sets of positions: pairs that are close in either, with both vectors of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..errors import InputError
from .graph import Graph, build_graph
from .periodic import FloatArray, minimum_image

# Farthest that a pair is told apart in the positions where it is not close, in cutoffs.
EXTENT = 1.25
SAME = 1e-6


def union_graphs(
    first: FloatArray,
    second: FloatArray,
    box: FloatArray,
    cutoff: float,
    *,
    periodic: Sequence[bool] = (True, True, True),
    dtype: torch.dtype = torch.float32,
    source: str = "configuration",
) -> tuple[Graph, Graph]:
    """All pairs closer than the cutoff in one of two sets of positions: a graph by each.

    Both have the same edges in the same order; their vectors are those between the first and
    between the second positions, those longer than ``EXTENT`` cutoffs cut to that.

    Parameters
    ----------
    first, second
        (N, 3), sigma, of the same particles, each of which is at the image nearest to its other
        place.

    Raises
    ------
    InputError
        As :func:`equiglass.geometry.graph.build_graph`; if a pair is close by one image in the
        first positions and by another one in the second.
    """
    flags = (bool(periodic[0]), bool(periodic[1]), bool(periodic[2]))
    graphs = [
        build_graph(p, box, cutoff, periodic=periodic, dtype=torch.float64, source=source)
        for p in (first, second)
    ]
    n = len(first)
    moved = torch.from_numpy(
        minimum_image(
            second.astype(np.float64) - first.astype(np.float64), box.astype(np.float64), flags
        )
    )
    keys = [g.receivers * n + g.senders for g in graphs]
    every = torch.unique(torch.cat(keys))
    receivers, senders = every // max(n, 1), every % max(n, 1)
    change = moved[senders] - moved[receivers]
    vectors = torch.empty(len(every), 3, dtype=torch.float64)
    # Of an edge that only the second has, the vector between the first follows from how far both
    # particles went.
    of_first, of_second = (torch.searchsorted(every, k) for k in keys)
    vectors[of_second] = graphs[1].vectors - change[of_second]
    known = torch.zeros(len(every), dtype=torch.bool)
    known[of_second] = True
    differs = (vectors[of_first] - graphs[0].vectors).abs().amax(dim=1) > SAME
    if bool((differs & known[of_first]).any()):
        raise InputError(
            "the box is too small for a union graph: a pair is close by two images",
            source=source, field="box", expected=f"well above {2 * cutoff:g}",
            found=f"{float(np.min(box)):.6g}",
        )  # fmt: skip
    vectors[of_first] = graphs[0].vectors
    extent = EXTENT * cutoff

    def graph(v: torch.Tensor) -> Graph:
        lengths = torch.linalg.vector_norm(v, dim=1, keepdim=True)
        shortened = (v * (extent / lengths).clamp(max=1.0)).to(dtype)
        return Graph(receivers, senders, shortened, n, n, extent)

    return graph(vectors), graph(vectors + change)
