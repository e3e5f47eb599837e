"""Periodic neighbour graphs, edges sorted by receiver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
import torch

from ..errors import InputError
from .edges import check_edges, first_edges, lengths_of
from .pairs import find_pairs
from .periodic import FloatArray


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
    starts
        The first edges, where they are known already.
    checked
        These edges have been those of a graph before.
    derived
        What kernels compute from the graph once and keep with it.

    Raises
    ------
    ValueError
        On the CPU, if edges are not sorted by receiver or an index does not exist: checked once,
        here, so that no kernel has to at every call.
    """

    receivers: torch.Tensor
    senders: torch.Tensor
    vectors: torch.Tensor
    n_receivers: int
    n_senders: int
    cutoff: float
    starts: InitVar[torch.Tensor | None] = None
    checked: InitVar[bool] = False
    lengths: torch.Tensor = field(init=False)
    receiver_start: torch.Tensor = field(init=False)
    derived: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self, starts: torch.Tensor | None, checked: bool) -> None:
        if starts is None:
            starts = first_edges(self.receivers, self.n_receivers)
        # Computed here, not on demand: every layer reads them, and compiled graphs can too.
        object.__setattr__(self, "receiver_start", starts)
        object.__setattr__(self, "lengths", lengths_of(self.vectors))
        # On a GPU the host would have to wait; graphs there were made by vesin or checked before.
        on_cpu = self.receivers.device.type == "cpu"
        if on_cpu and not checked and not torch.compiler.is_compiling():
            check_edges(self)

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


def check_positions(
    positions: FloatArray | torch.Tensor,
    box: FloatArray | torch.Tensor,
    cutoff: float,
    periodic: Sequence[bool],
    source: str,
) -> tuple[torch.Tensor, FloatArray]:
    """Positions, where they are, and the box in float64.

    Raises
    ------
    InputError
        For positions that are not (N, 3) or not finite, and for a periodic edge of the box that
        is shorter than twice the cutoff.
    """
    if not isinstance(positions, torch.Tensor):
        positions = torch.from_numpy(np.ascontiguousarray(positions, dtype=np.float64))
    points = positions.detach().to(torch.float64).contiguous()
    lengths = np.asarray(box.cpu() if isinstance(box, torch.Tensor) else box, dtype=np.float64)
    for name, shape, right in (
        ("positions", tuple(points.shape), points.ndim == 2 and points.shape[1] == 3),
        ("box", lengths.shape, lengths.shape == (3,)),
    ):
        if not right:
            expected = "(N, 3)" if name == "positions" else "(3,)"
            raise InputError(
                "wrong shape", source=source, field=name, expected=expected, found=shape
            )
    finite = torch.isfinite(points)
    if not bool(finite.all()):
        bad = int((~finite).nonzero()[0, 0])
        raise InputError("positions must be finite", source=source, found=f"particle {bad}")
    for axis in range(3):
        if periodic[axis] and lengths[axis] < 2 * cutoff:
            raise InputError(
                f"the box is too small along {'xyz'[axis]} for a graph of cutoff {cutoff:g}",
                source=source,
                field="box",
                expected=f"at least {2 * cutoff:g}",
                found=f"{float(lengths[axis]):.6g}",
            )
    return points, lengths


def build_graph(
    positions: FloatArray | torch.Tensor,
    box: FloatArray | torch.Tensor,
    cutoff: float,
    *,
    periodic: Sequence[bool] = (True, True, True),
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
    source: str = "configuration",
) -> Graph:
    """Graph of all pairs closer than ``cutoff``, by vesin's cell list.

    Parameters
    ----------
    positions
        (N, 3), sigma, anywhere (they need not be folded): an array, or a tensor on any device.
    box
        (3,) edge lengths, sigma.
    dtype
        Of the edge vectors; distances are found in float64.
    device
        Where the graph is made and stays, by default where the positions are. On a GPU nothing but
        the positions is copied.

    Raises
    ------
    InputError
        For positions that are not finite, a box smaller than twice the cutoff along a periodic
        direction, or two particles at the same place.
    """
    points, lengths = check_positions(positions, box, cutoff, periodic, source)
    points = points.to(device)
    n, place = len(points), points.device
    if n == 0:
        nothing = torch.empty(0, dtype=torch.int64, device=place)
        return Graph(nothing, nothing, torch.empty(0, 3, dtype=dtype, device=place), 0, 0, cutoff)
    cell = torch.diag(torch.from_numpy(lengths)).to(place)
    sides = torch.tensor([bool(p) for p in periodic], device=place)
    i, j, vectors = find_pairs(points, cell, sides, cutoff, source)
    receivers, senders = i.to(torch.int64), j.to(torch.int64)
    # Senders ascend within a receiver, so that the order of sums is a function of the graph. No
    # pair has two images in a box that is twice the cutoff, so the key has no ties.
    order = torch.argsort(receivers * n + senders)
    return Graph(receivers[order], senders[order], vectors[order].to(dtype), n, n, cutoff)


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
