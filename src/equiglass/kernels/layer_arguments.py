"""What a whole layer takes, and that all of it fits together: the kernel looks at no size again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ..geometry.graph import Graph
from .mixing import check_mixing
from .problem import ConvolutionProblem, check_arguments, require


class AfterMixing(NamedTuple):
    """What a layer does with the result of its mixing, z, of degrees l and components m.

    ::

        z'[l, m, d]  = factor[l, d] z[l, m, d] (+ offset[d] where l = 0)
        out[0, d]    = silu(z'[0, d])
        out[l, m, d] = sigmoid(gate_offset[l, d] + sum_k gates[k, l, d] z'[0, k]) z'[l, m, d]

    and the receiver's own features added, where it is residual. Where it is not gated, z' is the
    result.

    Attributes
    ----------
    factor
        (l_out + 1, columns).
    offset
        (columns,).
    gates
        (columns, l_out columns), or None without a gate or l_out.
    gate_offset
        (l_out columns,), or None likewise.
    """

    factor: torch.Tensor
    offset: torch.Tensor
    gates: torch.Tensor | None
    gate_offset: torch.Tensor | None
    gated: bool
    residual: bool


class Edges(NamedTuple):
    """What a layer reads of senders and edges; shapes as :func:`dispatch.flat_sums` takes them."""

    x: torch.Tensor
    harmonics: torch.Tensor
    table: torch.Tensor
    graph: Graph


def checked(
    edges: Edges,
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    after: AfterMixing,
    problem: ConvolutionProblem,
    n_own: int,
) -> tuple[torch.Tensor, ...]:
    """What the operator reads of senders and edges; ValueError where shapes or dtypes are wrong."""
    x, harmonics, table, graph = edges
    harmonics = harmonics[:, : (problem.paths.l_filter + 1) ** 2]
    check_arguments(x, harmonics, table, graph, problem)
    check_mixing(own, weights, problem, n_own)
    columns, l_out = weights[0].shape[1], problem.paths.l_out
    wanted = {
        "factor": (after.factor, (l_out + 1, columns)),
        "offset": (after.offset, (columns,)),
        "gates": (after.gates, (columns, l_out * columns) if after.gated and l_out else None),
        "gate_offset": (after.gate_offset, (l_out * columns,) if after.gated and l_out else None),
    }
    for name, (tensor, shape) in wanted.items():
        found = None if tensor is None else tuple(tensor.shape)
        require(shape is None or found == shape, name, f"of shape {shape}", found)
    given = [own, *weights, after.factor, after.offset, after.gates, after.gate_offset]
    for one in given:
        found_dtype = x.dtype if one is None else one.dtype
        require(found_dtype == x.dtype, "every tensor", x.dtype, found_dtype)
    residual = None if own is None else tuple(own.shape[1:])
    right = not after.residual or residual == ((l_out + 1) ** 2, columns)
    require(right, "own of a residual layer", f"(n, {(l_out + 1) ** 2}, {columns})", residual)
    return x, harmonics, graph.lengths, table, graph.receiver_start, graph.senders


def tensors_of(after: AfterMixing, like: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Factor, offset, gates and their offset; empty ones where there is no gate."""
    gates = like.new_empty(0, 0) if after.gates is None else after.gates
    gate_offset = like.new_empty(0) if after.gate_offset is None else after.gate_offset
    return after.factor, after.offset, gates, gate_offset
