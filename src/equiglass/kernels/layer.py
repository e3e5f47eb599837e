"""A whole steerable layer without gradients, native on the CPU: nothing large in between.

A few receivers at a time pass through the convolution, the mixing, the normalisation, the gate and
the skip, so that their sums over paths, six times their features, never leave the caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from . import cpu
from .dispatch import chosen
from .layer_arguments import AfterMixing, Edges, checked, tensors_of
from .operator import operator
from .problem import ConvolutionProblem, problem_of, require


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
    edges: Edges,
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    after: AfterMixing,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """Features after a layer, (n_receivers, (l_out + 1)^2, columns), all in one dtype.

    Parameters
    ----------
    own, weights
        As :func:`equiglass.kernels.mixing.mix` takes them.

    Raises
    ------
    ValueError
        For a wrong dtype or shape.
    """
    x, graph = edges.x, edges.graph
    arguments = checked(edges, own, weights, after, problem, graph.n_receivers)
    features = x.new_empty(graph.n_receivers, 0, problem.channels) if own is None else own
    result: torch.Tensor = whole_layer(
        *arguments, features, torch.cat(list(weights)), *tensors_of(after, x), after.gated,
        after.residual, problem.key,
    )  # fmt: skip
    return result


def write_layer(
    edges: Edges,
    reads_own: bool,
    weights: Sequence[torch.Tensor],
    after: AfterMixing,
    problem: ConvolutionProblem,
    places: torch.Tensor,
    out: torch.Tensor,
    read: tuple[torch.Tensor, float] | None,
) -> None:
    """:func:`layer` for receivers that are some of the senders, written to their rows.

    Parameters
    ----------
    reads_own
        Whether the receivers' own features are mixed in.
    places
        (n_receivers,) int64, each once: which of the senders they are, and their rows of what is
        written.
    out
        (n_senders, (l_out + 1)^2, columns), other memory than ``x``.
    read
        Where the result's invariants go, (n_senders, (l_out + 1) columns), and what is added to
        mean squares before the root; None where they are not wanted.

    Raises
    ------
    ValueError
        For a wrong dtype or shape.
    """
    x, graph = edges.x, edges.graph
    n, columns, l_out = graph.n_senders, weights[0].shape[1], problem.paths.l_out
    own = x if reads_own else x.new_empty(n, 0, problem.channels)
    arguments = checked(edges, x if reads_own else None, weights, after, problem, n)
    wanted: list[tuple[str, torch.Tensor, tuple[int, ...]]] = [
        ("out", out, (n, (l_out + 1) ** 2, columns))
    ]
    if read is not None:
        wanted.append(("read", read[0], (n, (l_out + 1) * columns)))
    for name, tensor, shape in wanted:
        right = tuple(tensor.shape) == shape and tensor.dtype == x.dtype
        require(right and tensor.is_contiguous(), name, f"of {x.dtype}, {shape}", tensor.shape)
    require(out.data_ptr() != x.data_ptr() or not out.numel(), "out", "other memory than x", "it")
    right = tuple(places.shape) == (graph.n_receivers,) and places.dtype == torch.int64
    require(right, "places", f"int64, ({graph.n_receivers},)", places.shape)
    if len(places):
        lowest, highest = int(places.min()), int(places.max())
        require(lowest >= 0 and highest < n, "places", f"in [0, {n})", f"{lowest} to {highest}")
    _run(
        arguments, own, torch.cat(list(weights)), tensors_of(after, x), after, problem, places, out,
        *((None, 0.0) if read is None else read),
    )  # fmt: skip


def _run(
    arguments: Sequence[torch.Tensor],
    own: torch.Tensor,
    weight: torch.Tensor,
    tensors: Sequence[torch.Tensor],
    after: AfterMixing,
    problem: ConvolutionProblem,
    places: torch.Tensor | None,
    out: torch.Tensor,
    read: torch.Tensor | None,
    epsilon: float,
) -> None:
    x, harmonics, lengths, table, receiver_start, senders = arguments
    read_only = [t.detach().contiguous() for t in (x, harmonics, lengths, table)]
    cpu.native().layer(
        cpu.native_paths(problem.key),
        receiver_start.contiguous(),
        senders.contiguous(),
        *read_only,
        problem.cutoff,
        *(t.detach().contiguous() for t in (own, weight, *tensors)),
        after.gated,
        after.residual,
        None if places is None else places.contiguous(),
        out,
        read,
        epsilon,
        torch.get_num_threads(),
    )


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
    tensors = factor, offset, gates, gate_offset
    after = AfterMixing(*tensors, gated, residual)
    arguments = x, harmonics, lengths, table, receiver_start, senders
    _run(arguments, own, weight, tensors, after, problem_of(problem), None, out, None, 0.0)
    return out


@torch.library.register_fake("equiglass::layer")  # type: ignore[untyped-decorator]
def _(x: torch.Tensor, *others: Any) -> Any:
    return _empty(x, others[3], others[6], others[-1])
