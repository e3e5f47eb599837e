"""Periodic neighbour graphs, edges sorted by receiver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from .pairs import neighbour_pairs
from .periodic import FloatArray, wrap


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
    lengths
        (n_edges,) distances, sigma.
    receiver_start
        (n_receivers + 1,) first edge of each receiver (CSR).
    derived
        What kernels compute from the graph once and keep with it.
    """

    receivers: torch.Tensor
    senders: torch.Tensor
    vectors: torch.Tensor
    n_receivers: int
    n_senders: int
    cutoff: float
    starts: InitVar[torch.Tensor | None] = None
    lengths: torch.Tensor = field(init=False)
    receiver_start: torch.Tensor = field(init=False)
    derived: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self, starts: torch.Tensor | None) -> None:
        if starts is None:
            receivers = self.receivers
            starts = torch.zeros(self.n_receivers + 1, dtype=torch.int64, device=receivers.device)
            counts = torch.bincount(receivers, minlength=self.n_receivers)
            torch.cumsum(counts, 0, out=starts[1:])
        # Computed here, not on demand: every layer reads them, and compiled graphs can too.
        object.__setattr__(self, "receiver_start", starts)
        object.__setattr__(self, "lengths", torch.linalg.vector_norm(self.vectors, dim=1))

    @property
    def n_edges(self) -> int:
        return len(self.senders)

    @property
    def directions(self) -> torch.Tensor:
        """(n_edges, 3) unit vectors from receiver to sender."""
        return self.vectors / self.lengths[:, None]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Graph:
        """The graph on another device, vectors in another dtype."""
        if self.receivers.device == torch.device(device) and dtype in (None, self.vectors.dtype):
            return self
        return Graph(
            self.receivers.to(device, non_blocking=True),
            self.senders.to(device, non_blocking=True),
            self.vectors.to(device, dtype, non_blocking=True),
            self.n_receivers,
            self.n_senders,
            self.cutoff,
            self.receiver_start.to(device, non_blocking=True),
        )

    def pin_memory(self) -> Graph:
        """The graph in page-locked memory, from which copies to a GPU do not wait."""
        return Graph(
            self.receivers.pin_memory(),
            self.senders.pin_memory(),
            self.vectors.pin_memory(),
            self.n_receivers,
            self.n_senders,
            self.cutoff,
            self.receiver_start.pin_memory(),
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
    points, lengths = check_positions(positions, box, cutoff, periodic, source)
    n = len(points)
    i, j, vectors = neighbour_pairs(points, lengths, cutoff, periodic, source=source)
    # Senders ascend within a receiver, so that the order of sums is a function of the graph.
    order = np.lexsort((j, i))
    return _graph(i[order], j[order], vectors[order], n, n, cutoff, dtype)


def check_positions(
    positions: FloatArray,
    box: FloatArray,
    cutoff: float,
    periodic: Sequence[bool],
    source: str,
) -> tuple[FloatArray, FloatArray]:
    """Positions and box in float64; raises InputError as :func:`build_graph`."""
    points = np.ascontiguousarray(positions, dtype=np.float64)
    lengths = np.asarray(box, dtype=np.float64)
    if not np.isfinite(points).all():
        bad = int(np.argwhere(~np.isfinite(points))[0][0])
        raise InputError("positions must be finite", source=source, found=f"particle {bad}")
    check_box(lengths, periodic, cutoff, source)
    return points, lengths


def _graph(
    receivers: NDArray[np.int64],
    senders: NDArray[np.int64],
    vectors: FloatArray,
    n_receivers: int,
    n_senders: int,
    cutoff: float,
    dtype: torch.dtype,
) -> Graph:
    return Graph(
        torch.from_numpy(receivers),
        torch.from_numpy(senders),
        torch.from_numpy(vectors).to(dtype),
        n_receivers,
        n_senders,
        cutoff,
    )


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
    """The same graph in slabs along x, one at a time, so that memory does not hold all edges.

    Yields the indices of a slab's receivers, in increasing order, and the graph of their edges:
    its receivers count within the slab, its senders are indices of all particles.
    """
    points, lengths = check_positions(positions, box, cutoff, periodic, source)
    points = wrap(points, lengths, (bool(periodic[0]), False, False))
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
        local = np.searchsorted(owned, receivers[order])
        yield (
            torch.from_numpy(owned),
            _graph(local, senders[order], vectors[order], len(owned), len(points), cutoff, dtype),
        )


def batch_graphs(graphs: Sequence[Graph]) -> Graph:
    """One graph with the given ones as disconnected parts, in order."""
    if len(graphs) == 1:
        return graphs[0]
    offsets = np.concatenate([[0], np.cumsum([g.n_receivers for g in graphs])]).tolist()
    edges = np.concatenate([[0], np.cumsum([g.n_edges for g in graphs])]).tolist()
    return Graph(
        torch.cat([g.receivers + o for g, o in zip(graphs, offsets, strict=False)]),
        torch.cat([g.senders + o for g, o in zip(graphs, offsets, strict=False)]),
        torch.cat([g.vectors for g in graphs]),
        offsets[-1],
        offsets[-1],
        graphs[0].cutoff,
        torch.cat(
            [graphs[0].receiver_start[:1]]
            + [g.receiver_start[1:] + k for g, k in zip(graphs, edges, strict=False)]
        ),
    )
