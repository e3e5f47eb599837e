"""Periodic neighbour graphs, edges sorted by receiver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from .data.configuration import FloatArray
from .errors import InputError

# Closer than this, two particles of a liquid are one particle written twice.
OVERLAP = 1e-3


@dataclass(frozen=True)
class Graph:
    """Edges j -> i between particles closer than the cutoff.

    Attributes
    ----------
    receivers, senders
        (n_edges,) int64 indices i and j; ``receivers`` does not decrease.
    vectors
        (n_edges, 3) r_ij = x_j - x_i, sender minus receiver, minimum image, sigma.
    n_receivers, n_senders
        Number of particles; they differ only for a chunk of a larger graph.
    cutoff
        Cutoff radius, sigma.
    """

    receivers: torch.Tensor
    senders: torch.Tensor
    vectors: torch.Tensor
    n_receivers: int
    n_senders: int
    cutoff: float

    @property
    def n_edges(self) -> int:
        return len(self.senders)

    @cached_property
    def lengths(self) -> torch.Tensor:
        """(n_edges,) distances, sigma."""
        lengths: torch.Tensor = torch.linalg.vector_norm(self.vectors, dim=1)
        return lengths

    @cached_property
    def directions(self) -> torch.Tensor:
        """(n_edges, 3) unit vectors from receiver to sender."""
        return self.vectors / self.lengths[:, None]

    @cached_property
    def receiver_start(self) -> torch.Tensor:
        """(n_receivers + 1,) first edge of each receiver (CSR)."""
        starts = torch.zeros(self.n_receivers + 1, dtype=torch.int64, device=self.receivers.device)
        counts = torch.bincount(self.receivers, minlength=self.n_receivers)
        torch.cumsum(counts, 0, out=starts[1:])
        return starts

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Graph:
        """The graph on another device, vectors in another dtype."""
        return Graph(
            self.receivers.to(device),
            self.senders.to(device),
            self.vectors.to(device, dtype),
            self.n_receivers,
            self.n_senders,
            self.cutoff,
        )


def check_box(
    box: NDArray[np.floating], periodic: Sequence[bool], cutoff: float, source: str
) -> None:
    """Raise InputError if a periodic edge of the box is shorter than twice the cutoff."""
    for axis in range(3):
        if periodic[axis] and box[axis] < 2 * cutoff:
            raise InputError(
                f"the box is too small along {'xyz'[axis]} for a graph of cutoff {cutoff:g}",
                source=source,
                field="box",
                expected=f"at least {2 * cutoff:g}",
                found=f"{float(box[axis]):.6g}",
            )


def build_graph(
    positions: FloatArray,
    box: FloatArray,
    cutoff: float,
    *,
    periodic: Sequence[bool] = (True, True, True),
    dtype: torch.dtype = torch.float32,
    source: str = "configuration",
) -> Graph:
    """Graph of all pairs closer than ``cutoff``, by vesin's cell list.

    Parameters
    ----------
    positions
        (N, 3), sigma, anywhere (they need not be folded).
    box
        (3,) edge lengths, sigma.
    dtype
        Of the edge vectors; distances are found in float64.

    Raises
    ------
    InputError
        For positions that are not finite, a box smaller than twice the cutoff along a periodic
        direction, or two particles at the same place.
    """
    import vesin

    points = np.ascontiguousarray(positions, dtype=np.float64)
    lengths = np.asarray(box, dtype=np.float64)
    n = len(points)
    if not np.isfinite(points).all():
        bad = int(np.argwhere(~np.isfinite(points))[0][0])
        raise InputError("positions must be finite", source=source, found=f"particle {bad}")
    check_box(lengths, periodic, cutoff, source)
    if n == 0:
        i = j = np.empty(0, dtype=np.int64)
        vectors = np.empty((0, 3))
    else:
        finder = vesin.NeighborList(cutoff=cutoff, full_list=True)
        i, j, vectors, distances = finder.compute(
            points, np.diag(lengths), list(map(bool, periodic)), "ijDd"
        )
        if len(distances) and distances.min() < OVERLAP:
            pair = int(distances.argmin())
            raise InputError(
                "two particles overlap",
                source=source,
                field="positions",
                expected=f"distances above {OVERLAP:g}",
                found=f"{distances[pair]:.3g} between particles {i[pair]} and {j[pair]}",
            )
        # Senders ascend within a receiver, so that the order of sums is a function of the graph.
        order = np.lexsort((j, i))
        i, j, vectors = i[order], j[order], vectors[order]
    return Graph(
        torch.from_numpy(i.astype(np.int64)),
        torch.from_numpy(j.astype(np.int64)),
        torch.from_numpy(vectors).to(dtype),
        n,
        n,
        cutoff,
    )


def batch_graphs(graphs: Sequence[Graph]) -> Graph:
    """One graph with the given ones as disconnected parts, in order."""
    if len(graphs) == 1:
        return graphs[0]
    offsets = np.concatenate([[0], np.cumsum([g.n_receivers for g in graphs])]).tolist()
    return Graph(
        torch.cat([g.receivers + o for g, o in zip(graphs, offsets, strict=False)]),
        torch.cat([g.senders + o for g, o in zip(graphs, offsets, strict=False)]),
        torch.cat([g.vectors for g in graphs]),
        offsets[-1],
        offsets[-1],
        graphs[0].cutoff,
    )
