"""A whole steerable layer without gradients, native on the CPU: nothing large in between.

A few receivers at a time pass through the convolution, the mixing, the normalisation, the gate and
the skip, so that their sums over paths, six times their features, never leave the caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from ..geometry.graph import Graph
from . import cpu
from .dispatch import chosen
from .mixing import check_mixing
from .operator import operator
from .problem import ConvolutionProblem, check_arguments, problem_of


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


def is_native(features: torch.Tensor, columns: int, problem: ConvolutionProblem) -> bool:
    """Whether :func:`layer` runs here: on a CPU, for no gradient, full vectors of channels."""
    return (
        not torch.is_grad_enabled()
        and features.dtype in cpu.DTYPES
        and chosen(features.device) == "cpu"
        and not torch.is_autocast_enabled(features.device.type)
        and problem.channels % cpu.LANES == 0
        and columns % cpu.LANES == 0
    )


def layer(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    after: AfterMixing,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """Features after a layer, (n_receivers, (l_out + 1)^2, columns), all in one dtype.

    Parameters
    ----------
    x, harmonics, table
        As :func:`equiglass.kernels.dispatch.flat_sums` takes them.
    own, weights
        As :func:`equiglass.kernels.mixing.mix` takes them.

    Raises
    ------
    ValueError
        For a wrong dtype or shape.
    """
    harmonics = harmonics[:, : (problem.paths.l_filter + 1) ** 2]
    check_arguments(x, harmonics, table, graph, problem)
    check_mixing(own, weights, problem, graph.n_receivers)
    features = x.new_empty(graph.n_receivers, 0, problem.channels) if own is None else own
    result: torch.Tensor = whole_layer(
        x,
        harmonics,
        graph.lengths,
        table,
        graph.receiver_start,
        graph.senders,
        features,
        torch.cat(list(weights)),
        after.factor,
        after.offset,
        x.new_empty(0, 0) if after.gates is None else after.gates,
        x.new_empty(0) if after.gate_offset is None else after.gate_offset,
        after.gated,
        after.residual,
        problem.key,
    )
    return result


def _empty(x: torch.Tensor, receiver_start: torch.Tensor, weight: torch.Tensor, key: str) -> Any:
    size = (problem_of(key).paths.l_out + 1) ** 2
    return x.new_empty(receiver_start.shape[0] - 1, size, weight.shape[1])


@operator("layer")
def whole_layer(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    own: torch.Tensor,
    weight: torch.Tensor,
    factor: torch.Tensor,
    offset: torch.Tensor,
    gates: torch.Tensor,
    gate_offset: torch.Tensor,
    gated: bool,
    residual: bool,
    problem: str,
) -> torch.Tensor:
    """:func:`layer` with the weights of all degrees joined, (rows, columns); it has no gradient."""
    out: torch.Tensor = _empty(x, receiver_start, weight, problem)
    cpu.native().layer(
        cpu.native_paths(problem),
        receiver_start.contiguous(),
        senders.contiguous(),
        x.detach().contiguous(),
        harmonics.detach().contiguous(),
        lengths.detach().contiguous(),
        table.detach().contiguous(),
        problem_of(problem).cutoff,
        own.detach().contiguous(),
        weight.detach().contiguous(),
        factor.detach().contiguous(),
        offset.detach().contiguous(),
        gates.detach().contiguous(),
        gate_offset.detach().contiguous(),
        gated,
        residual,
        out,
        torch.get_num_threads(),
    )
    return out


@torch.library.register_fake("equiglass::layer")  # type: ignore[untyped-decorator]
def _(x: torch.Tensor, *others: Any) -> Any:
    return _empty(x, others[3], others[6], others[-1])
