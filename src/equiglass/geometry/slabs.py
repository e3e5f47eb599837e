"""The graph of a large configuration in slabs, so that memory does not hold all edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from .graph import Graph, check_positions
from .pairs import neighbour_pairs
from .periodic import FloatArray, wrap

# Of an edge that is kept: a 32-bit sender and three numbers of the model's precision.
BYTES_OF_SENDER = 4
# Indices of a piece's receivers, in increasing order, and the graph of their edges, when called.
Piece = Callable[[], tuple[torch.Tensor, Graph]]


class Slabs:
    """The graph of :func:`equiglass.geometry.graph.build_graph` in slabs along x.

    Iterating yields the indices of a slab's receivers, in increasing order, and the graph of their
    edges: its receivers count within the slab, its senders are indices of all particles. Each slab
    is made in a thread while the one before it is in use.

    Parameters
    ----------
    parts
        In how many pieces, by their receivers, each slab comes. Few large slabs are cheaper to
        make, because what lies at their borders is searched twice; what a layer makes of a small
        piece stays in the caches.
    keep
        Bytes in which edges may be kept for the next walk. Those of slabs that do not fit are made
        again. What is kept is what was made, to the bit.
    order
        (N,) how particles are numbered here: number k is particle ``order[k]``.

    Raises
    ------
    InputError
        As :func:`equiglass.geometry.graph.build_graph`; for particles that overlap, during the
        first walk.
    """

    def __init__(
        self,
        positions: FloatArray,
        box: FloatArray,
        cutoff: float,
        n_slabs: int,
        *,
        periodic: Sequence[bool] = (True, True, True),
        dtype: torch.dtype = torch.float32,
        source: str = "configuration",
        parts: int = 1,
        keep: int = 0,
        order: NDArray[np.int64] | None = None,
    ) -> None:
        place, self._lengths = check_positions(positions, box, cutoff, periodic, source)
        self._periodic = tuple(map(bool, periodic))
        self._points = wrap(place.numpy(), self._lengths, (self._periodic[0], False, False))
        self._names = np.arange(len(self._points)) if order is None else order
        self._points = self._points[self._names]
        self._cutoff, self._dtype, self._source = cutoff, dtype, source
        x = self._points[:, 0]
        low, high = (
            (0.0, self._lengths[0])
            if self._periodic[0]
            else (x.min(), np.nextafter(x.max(), np.inf))
        )
        self._edges = np.linspace(low, high, n_slabs + 1)
        self._kept: dict[int, _Slab] = {}
        self._room, self._parts = keep, parts

    def __len__(self) -> int:
        return len(self._edges) - 1

    @property
    def n_kept(self) -> int:
        """Slabs whose edges are kept."""
        return len(self._kept)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, Graph]]:
        return (piece() for piece in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """The same, each made when it is called, in any thread."""
        with ThreadPoolExecutor(1, thread_name_prefix="slabs") as pool:
            coming = pool.submit(self._slab, 0)
            for k in range(len(self)):
                slab, known = coming.result()
                if k + 1 < len(self):
                    coming = pool.submit(self._slab, k + 1)
                yield from slab.pieces(self._parts, len(self._points), self._cutoff, checked=known)

    def _slab(self, k: int) -> tuple[_Slab, bool]:
        """A slab, and whether it was kept."""
        kept = self._kept.get(k)
        if kept is not None:
            return kept, True
        slab = self._made(k)
        if slab.n_bytes <= self._room:
            self._room -= slab.n_bytes
            self._kept[k] = slab
        return slab, False

    def _made(self, k: int) -> _Slab:
        points, lengths, cutoff = self._points, self._lengths, self._cutoff
        start, stop = self._edges[k : k + 2]
        x = points[:, 0]
        owned = np.flatnonzero((x >= start) & (x < stop))
        shifts = (-lengths[0], 0.0, lengths[0]) if self._periodic[0] else (0.0,)
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
            (False, *self._periodic[1:]),
            names=self._names[name],
            source=self._source,
        )
        inside = (image[i, 0] >= start) & (image[i, 0] < stop)
        receivers, senders, vectors = name[i[inside]], name[j[inside]], vectors[inside]
        # No ties, as in a graph: its order is that of numbers, however they are sorted.
        order = torch.argsort(torch.from_numpy(receivers * len(points) + senders)).numpy()
        return _Slab(
            torch.from_numpy(owned.astype(np.int32)),
            torch.from_numpy(
                np.append(np.searchsorted(receivers[order], owned), len(order)).astype(np.int32)
            ),
            torch.from_numpy(senders[order].astype(np.int32)),
            torch.from_numpy(vectors[order]).to(self._dtype),
        )


def in_rows(
    positions: FloatArray, box: FloatArray, side: float, periodic: tuple[bool, bool, bool]
) -> NDArray[np.int64]:
    """Particles in the order of rows along z, ``side`` wide and high, one row after another.

    Numbered so, particles that are near each other lie near each other in memory.
    """
    points = wrap(positions, box, periodic)
    x, y = np.floor(points[:, :2] / side).T
    return np.lexsort((points[:, 2], y, x))


@dataclass(frozen=True)
class _Slab:
    """A slab in little memory: receivers (n,), first edges (n + 1,) and senders in 32 bits."""

    receivers: torch.Tensor
    starts: torch.Tensor
    senders: torch.Tensor
    vectors: torch.Tensor

    @property
    def n_bytes(self) -> int:
        tensors = (self.receivers, self.starts, self.senders, self.vectors)
        return sum(t.nbytes for t in tensors)

    def pieces(
        self, parts: int, n_senders: int, cutoff: float, *, checked: bool
    ) -> Iterator[Piece]:
        """Each of as many pieces, some of which may be empty."""
        n = len(self.receivers)
        for first, last in pairwise(n * k // parts for k in range(parts + 1)):
            yield partial(self._piece, first, last, n_senders, cutoff, checked)

    def _piece(
        self, first: int, last: int, n_senders: int, cutoff: float, checked: bool
    ) -> tuple[torch.Tensor, Graph]:
        starts = self.starts[first : last + 1].long()
        edges = slice(int(starts[0]), int(starts[-1]))
        starts -= starts[0].clone()
        receivers = torch.repeat_interleave(torch.arange(last - first), starts.diff())
        graph = Graph(
            receivers,
            self.senders[edges].long(),
            self.vectors[edges],
            last - first,
            n_senders,
            cutoff,
            starts,
            checked=checked,
        )
        return self.receivers[first:last].long(), graph
