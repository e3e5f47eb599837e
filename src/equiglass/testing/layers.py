"""Symmetry checks of layers as functions, in the manner of e3nn's ``assert_equivariant``.

A layer is any function of tensors. Each tensor is of a kind, which says how it turns with the axes:
``features`` (n, (l_max + 1)^2, channels) by Wigner matrices, degree by degree; ``vectors`` (n, 3);
``scalars``, anything that does not turn. Each check raises AssertionError, with the largest
relative error, if a symmetry is broken by more than rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import torch

from ..geometry.graph import Graph
from ..kernels.harmonics import spherical_harmonics
from ..nn.steerable import l_max_of
from .comparison import TOLERANCE, assert_close
from .transforms import random_rotation

Kind = Literal["features", "vectors", "scalars"]
Layer = Callable[..., torch.Tensor]


@lru_cache(maxsize=16)
def wigner_matrices(l_max: int, seed: int, reflect: bool = False) -> torch.Tensor:
    """D of a random rotation (times a reflection) on all degrees, block by block, float64.

    Defined by what it does to harmonics, Y(R r) = D Y(r), and found from that by least squares on
    random directions, so that no convention but that of the harmonics enters. Under a reflection
    degree l has the parity (-1)^l.

    Returns
    -------
    ((l_max + 1)^2, (l_max + 1)^2)
    """
    rotation = rotation_matrix(seed, reflect)
    directions = torch.from_numpy(np.random.default_rng(seed).standard_normal((200, 3)))
    directions = torch.nn.functional.normalize(directions, dim=1)
    before = spherical_harmonics(directions, l_max)
    after = spherical_harmonics(directions @ rotation.T, l_max)
    blocks = [
        torch.linalg.lstsq(before[:, l**2 : (l + 1) ** 2], after[:, l**2 : (l + 1) ** 2]).solution.T
        for l in range(l_max + 1)
    ]
    matrix: torch.Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return matrix


def rotation_matrix(seed: int, reflect: bool = False) -> torch.Tensor:
    """The rotation of :func:`wigner_matrices`, (3, 3) float64."""
    return torch.from_numpy(random_rotation(seed, reflect=reflect).copy())


def turned(tensor: torch.Tensor, kind: Kind, seed: int, reflect: bool = False) -> torch.Tensor:
    """A tensor of some kind in axes that are rotated (and reflected)."""
    if kind == "features":
        matrix = wigner_matrices(l_max_of(tensor), seed, reflect).to(tensor.dtype)
        return torch.einsum("ab,nbc->nac", matrix, tensor)
    if kind == "vectors":
        return tensor @ rotation_matrix(seed, reflect).to(tensor.dtype).T
    return tensor


def assert_equivariant(
    layer: Layer,
    arguments: Sequence[torch.Tensor],
    kinds: Sequence[Kind],
    result: Kind,
    *,
    reflect: bool = False,
    seeds: Sequence[int] = (0, 1, 2),
    tolerance: float | None = None,
) -> None:
    """Turning the arguments turns the result: layer(D x) = D layer(x), for random rotations.

    Parameters
    ----------
    kinds, result
        Of each argument, and of what the layer returns.
    reflect
        Rotations times a reflection: the symmetry of layers with ``parity``.
    """
    with torch.no_grad():
        plain = layer(*arguments)
        for seed in seeds:
            pairs = zip(arguments, kinds, strict=True)
            found = layer(*(turned(t, kind, seed, reflect) for t, kind in pairs))
            expected = turned(plain, result, seed, reflect)
            _assert_close(found, expected, tolerance, "reflection" if reflect else "rotation")


def assert_permutation_equivariant(
    layer: Layer,
    arguments: Sequence[torch.Tensor],
    *,
    seed: int = 0,
    tolerance: float | None = None,
) -> None:
    """Renumbering particles, the first axis of every argument, renumbers the result."""
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(arguments[0])))
    with torch.no_grad():
        expected = layer(*arguments)[order]
        found = layer(*(t[order] for t in arguments))
    _assert_close(found, expected, tolerance, "permutation")


def assert_graph_permutation_equivariant(
    layer: Callable[[torch.Tensor, Graph], torch.Tensor],
    x: torch.Tensor,
    graph: Graph,
    *,
    seed: int = 0,
    tolerance: float | None = None,
) -> None:
    """Renumbering particles renumbers the result, and the order of a receiver's edges is nothing.

    ``layer`` takes features (n, ...) and a graph.
    """
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x)))
    with torch.no_grad():
        expected = layer(x, graph)
        _assert_close(
            layer(x[order], renumbered(graph, order)), expected[order], tolerance, "permutation"
        )
        _assert_close(
            layer(x, shuffled(graph, seed)), expected, tolerance, "another order of edges"
        )


def renumbered(graph: Graph, order: torch.Tensor) -> Graph:
    """The graph when particle ``order[k]`` is called k, its edges sorted again."""
    name = torch.argsort(order)
    receivers, senders = name[graph.receivers], name[graph.senders]
    edges = torch.argsort(receivers * graph.n_senders + senders)
    return _with_edges(graph, receivers[edges], senders[edges], graph.vectors[edges])


def shuffled(graph: Graph, seed: int = 0) -> Graph:
    """The graph with each receiver's edges in a random order."""
    shuffle = torch.from_numpy(np.random.default_rng(seed).permutation(graph.n_edges))
    edges = shuffle[torch.argsort(graph.receivers[shuffle], stable=True)]
    return _with_edges(graph, graph.receivers[edges], graph.senders[edges], graph.vectors[edges])


def assert_vanishes(
    function: Callable[[torch.Tensor], torch.Tensor],
    point: float,
    *,
    n_derivatives: int = 2,
    step: float = 1e-5,
    tolerance: float = 1e-3,
) -> None:
    """Every function and its first derivatives go to zero when ``point`` is approached from below.

    ``function`` takes lengths (n,) in float64 and returns (n, ...). A ``step`` before the point
    each derivative must be below ``tolerance`` times its largest value in [0, point], and beyond
    the point zero.
    """
    inside = torch.linspace(0.0, point, 200, dtype=torch.float64)[1:-1]
    near = torch.tensor([point * (1 - step)], dtype=torch.float64)
    beyond = torch.tensor([point, point * (1 + step), point * 1.5], dtype=torch.float64)
    lengths = torch.cat([inside, near, beyond]).requires_grad_()
    columns = function(lengths).reshape(len(lengths), -1)
    for k in range(columns.shape[1]):
        values = columns[:, k]
        for order in range(n_derivatives + 1):
            if order:
                values = torch.autograd.grad(values.sum(), lengths, create_graph=True)[0]
            size, scale = values.detach().abs(), float(values.detach()[:-4].abs().max())
            what = f"derivative {order} of function {k}"
            assert float(size[-4]) <= tolerance * scale, f"{what} at the cutoff: {size[-4]:.3g}"
            assert not size[-3:].any(), f"{what} beyond the cutoff: {size[-3:].max():.3g}"


def _with_edges(
    graph: Graph, receivers: torch.Tensor, senders: torch.Tensor, vectors: torch.Tensor
) -> Graph:
    return Graph(receivers, senders, vectors, graph.n_receivers, graph.n_senders, graph.cutoff)


def _assert_close(
    found: torch.Tensor, expected: torch.Tensor, tolerance: float | None, what: str
) -> None:
    allowed = TOLERANCE[expected.dtype] if tolerance is None else tolerance
    assert_close(found.numpy(), expected.numpy(), allowed, what)
