"""The convolution as a PyTorch operator made of Triton kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..cpu import require
from ..paths import PathSet, unflatten
from .launch import Launch
from .order import EdgeOrder

DTYPES = (torch.float32, torch.float64, torch.bfloat16)


def check_arguments(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receivers: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    order: EdgeOrder,
    paths: PathSet,
) -> None:
    """Raise ValueError, naming the argument, for a wrong device, dtype or shape.

    Values of indices are not looked at: that would make the host wait for the device.
    """
    require(x.dtype in DTYPES, "x", "float32, float64 or bfloat16", x.dtype)
    n_edges, (n_senders, _, channels) = len(senders), x.shape
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    n_in, n_filter = (paths.l_in + 1) ** 2, (paths.l_filter + 1) ** 2
    shapes: dict[str, tuple[torch.Tensor, tuple[int, ...], torch.dtype]] = {
        "x": (x, (n_senders, n_in, channels), x.dtype),
        "harmonics": (harmonics, (n_edges, n_filter), x.dtype),
        "lengths": (lengths, (n_edges,), real),
        "table": (table, (len(table), len(paths), channels), x.dtype),
        "receivers": (receivers, (n_edges,), torch.int64),
        "receiver_start": (receiver_start, (len(receiver_start),), torch.int64),
        "senders": (senders, (n_edges,), torch.int64),
        "sender_order": (order.sender_order, (n_edges,), torch.int64),
        "sender_start": (order.sender_start, (n_senders + 1,), torch.int64),
        "knot_order": (order.knot_order, (n_edges,), torch.int64),
        "knot_start": (order.knot_start, (len(table) - 2,), torch.int64),
    }
    require(len(table) >= 4, "table", "at least 4 knots", len(table))
    require(len(receiver_start) >= 1, "receiver_start", "not empty", len(receiver_start))
    for name, (tensor, shape, dtype) in shapes.items():
        require(tensor.device == x.device, name, f"on {x.device}", tensor.device)
        require(tensor.dtype == dtype, name, dtype, tensor.dtype)
        require(tuple(tensor.shape) == shape, name, f"of shape {shape}", tuple(tensor.shape))


@torch.library.triton_op("equiglass::convolution_triton", mutates_args=())
def convolution_triton(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receivers: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    sender_order: torch.Tensor,
    sender_start: torch.Tensor,
    knot_order: torch.Tensor,
    knot_start: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
) -> torch.Tensor:
    """:func:`equiglass.kernels.reference.path_sums` with interpolated radial functions.

    ``x``, ``harmonics`` and ``table`` share a dtype, which is the result's; bfloat16 is summed in
    float32. ``lengths`` are float32, or float64 with float64 features.
    """
    path_set = unflatten(paths)
    order = EdgeOrder(sender_order, sender_start, knot_order, knot_start)
    check_arguments(
        x, harmonics, lengths, table, receivers, receiver_start, senders, order, path_set
    )
    n_receivers = receiver_start.shape[0] - 1
    sums = x.new_empty(n_receivers * path_set.n_components * x.shape[2])
    launch = Launch(path_set, x.dtype, x.shape[2], table.shape[0], cutoff)
    if sums.numel():
        launch.forward(
            x.contiguous(), harmonics.contiguous(), lengths.contiguous(), table.contiguous(),
            receiver_start.contiguous(), senders.contiguous(), sums,
        )  # fmt: skip
    return sums


@torch.library.triton_op("equiglass::convolution_triton_backward", mutates_args=())
def convolution_triton_backward(
    gradient: torch.Tensor,
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receivers: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    sender_order: torch.Tensor,
    sender_start: torch.Tensor,
    knot_order: torch.Tensor,
    knot_start: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
    geometry: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients for x, table, harmonics and lengths; the last two empty without ``geometry``."""
    path_set = unflatten(paths)
    gradient, x, harmonics = gradient.contiguous(), x.contiguous(), harmonics.contiguous()
    lengths, table = lengths.contiguous(), table.contiguous()
    n_receivers = receiver_start.shape[0] - 1
    launch = Launch(path_set, x.dtype, x.shape[2], table.shape[0], cutoff)
    for_x = torch.empty_like(x)
    if for_x.numel():
        launch.for_features(
            gradient, harmonics, lengths, table, receivers, sender_order, sender_start,
            n_receivers, for_x,
        )  # fmt: skip
    for_table = launch.for_table(
        gradient, x, harmonics, lengths, receivers, senders, knot_order, knot_start, n_receivers
    ).to(table.dtype)
    for_harmonics = torch.zeros_like(harmonics) if geometry else harmonics.new_empty(0, 0)
    for_lengths = torch.empty_like(lengths) if geometry else lengths.new_empty(0)
    if geometry and for_lengths.numel():
        launch.for_geometry(
            gradient, x, harmonics, lengths, table, receivers, senders, n_receivers,
            for_harmonics, for_lengths,
        )  # fmt: skip
    return for_x, for_table, for_harmonics, for_lengths


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    *tensors, paths, cutoff = inputs
    ctx.save_for_backward(*tensors)
    ctx.paths, ctx.cutoff = paths, cutoff


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
    geometry = bool(ctx.needs_input_grad[1] or ctx.needs_input_grad[2])
    for_x, for_table, for_harmonics, for_lengths = convolution_triton_backward(
        gradient, *ctx.saved_tensors, ctx.paths, ctx.cutoff, geometry
    )
    return (
        for_x,
        for_harmonics if geometry else None,
        for_lengths if geometry else None,
        for_table,
        *([None] * 9),
    )


convolution_triton.register_autograd(_backward, setup_context=_setup_context)
