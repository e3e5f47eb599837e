"""The convolution as a PyTorch operator made of Triton kernels."""

from __future__ import annotations

import torch

from ...geometry.graph import Graph
from ..operator import empty_gradients, empty_sums, register_gradient
from ..problem import ConvolutionProblem, problem_of
from . import launch
from .launch import Launch
from .order import edge_order

DTYPES = (torch.float32, torch.float64, torch.bfloat16)


def why_not(device: torch.device) -> str | None:
    """Why this implementation cannot run on a device, or None."""
    if not launch.is_available():
        return f"Triton does not load ({launch.LOAD_ERROR}): pip install triton"
    if device.type != "cuda" and not launch.interprets():
        return (
            f"EQUIGLASS_KERNEL=triton, but the tensors are on {device}; TRITON_INTERPRET=1 lets "
            "Triton interpret its kernels there"
        )
    return None


def convolve(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """:func:`equiglass.kernels.reference.convolve` in Triton."""
    order = edge_order(graph, problem)
    result: torch.Tensor = convolution_triton(
        x,
        harmonics,
        graph.lengths,
        table,
        graph.receivers,
        graph.receiver_start,
        graph.senders,
        order.sender_order,
        order.sender_start,
        order.knot_order,
        order.knot_start,
        problem.key,
    )
    return result


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
    problem: str,
) -> torch.Tensor:
    """Flat path sums; :func:`equiglass.kernels.dispatch.convolve` checks the arguments."""
    sums = empty_sums(x, receiver_start, problem)
    if sums.numel():
        Launch(problem_of(problem), x.dtype).forward(
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
    problem: str,
    geometry: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients for x, table, harmonics and lengths; the last two empty without ``geometry``."""
    gradient, x, harmonics = gradient.contiguous(), x.contiguous(), harmonics.contiguous()
    lengths, table = lengths.contiguous(), table.contiguous()
    n_receivers = receiver_start.shape[0] - 1
    kernels = Launch(problem_of(problem), x.dtype)
    for_x, for_table, for_harmonics, for_lengths = empty_gradients(
        x, harmonics, lengths, table, geometry
    )
    if for_x.numel():
        kernels.for_features(
            gradient, harmonics, lengths, table, receivers, sender_order, sender_start,
            n_receivers, for_x,
        )  # fmt: skip
    for_table = kernels.for_table(
        gradient, x, harmonics, lengths, receivers, senders, knot_order, knot_start, n_receivers
    ).to(table.dtype)
    if geometry and for_lengths.numel():
        # Components of a degree that no path takes have no owner among the programs.
        for_harmonics.zero_()
        kernels.for_geometry(
            gradient, x, harmonics, lengths, table, receivers, senders, n_receivers,
            for_harmonics, for_lengths,
        )  # fmt: skip
    return for_x, for_table, for_harmonics, for_lengths


register_gradient(convolution_triton, convolution_triton_backward)
