"""The native convolution on the CPU, registered with PyTorch as one operator."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.nn.functional import pad

from ..geometry.graph import Graph
from .operator import Gradients, empty_gradients, empty_sums, operator, register_gradient
from .problem import ConvolutionProblem, problem_of

try:
    from . import _native  # type: ignore[attr-defined]
except ImportError as error:  # pragma: no cover - depends on the installation
    _native = None
    LOAD_ERROR: str | None = str(error)
else:
    LOAD_ERROR = None

DTYPES = (torch.float32, torch.float64)
LANES = 8


def why_not(device: torch.device) -> str | None:
    """Why this implementation cannot run on a device, or None."""
    if _native is None:
        return (
            f"the native kernel does not load ({LOAD_ERROR}); reinstall equiglass with a C++ "
            "compiler at hand, or set EQUIGLASS_KERNEL=reference"
        )
    return (
        None if device.type == "cpu" else f"EQUIGLASS_KERNEL=cpu, but the tensors are on {device}"
    )


def instruction_set() -> str:
    """The build that is in use: ``baseline``, ``avx2`` or ``avx512``."""
    return str(_native.instruction_set())


def convolve(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """:func:`equiglass.kernels.reference.convolve` in C++."""
    result: torch.Tensor = convolution(
        x, harmonics, graph.lengths, table, graph.receiver_start, graph.senders, problem.key
    )
    return result


def native() -> Any:
    """The extension module."""
    return _native


@cache
def native_paths(problem: str) -> Any:
    """The paths of a problem's key, as the extension takes them."""
    return _native.PathSet(list(problem_of(problem).paths.paths))


def _padded(tensor: torch.Tensor) -> torch.Tensor:
    """Channels, the last axis, filled up to a multiple of the vector width."""
    missing = -tensor.shape[-1] % LANES
    return (pad(tensor, (0, missing)) if missing else tensor).contiguous()


@operator("convolution")
def convolution(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    problem: str,
) -> torch.Tensor:
    """Flat path sums; :func:`equiglass.kernels.dispatch.convolve` checks the arguments.

    ``receiver_start`` (n_receivers + 1,) delimits each receiver's edges.
    """
    channels = x.shape[2]
    padded_x, padded_table = _padded(x.detach()), _padded(table.detach())
    sums = empty_sums(padded_x, receiver_start, problem)
    _native.forward(
        native_paths(problem),
        receiver_start.contiguous(),
        senders.contiguous(),
        padded_x,
        harmonics.detach().contiguous(),
        lengths.detach().contiguous(),
        padded_table,
        problem_of(problem).cutoff,
        sums,
        torch.get_num_threads(),
    )
    if padded_x.shape[2] != channels:
        sums = sums.view(-1, padded_x.shape[2])[:, :channels].reshape(-1)
    return sums


@operator("convolution_backward")
def convolution_backward(
    gradient: torch.Tensor,
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    problem: str,
    geometry: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients for x, table, harmonics and lengths; the last two empty without ``geometry``."""
    channels = x.shape[2]
    padded_x, padded_table = _padded(x.detach()), _padded(table.detach())
    padded_gradient = _padded(gradient.detach().reshape(-1, channels)).view(-1)
    for_x, for_table, for_harmonics, for_lengths = empty_gradients(
        padded_x, harmonics.detach(), lengths.detach(), padded_table, geometry
    )
    _native.backward(
        native_paths(problem),
        receiver_start.contiguous(),
        senders.contiguous(),
        padded_x,
        harmonics.detach().contiguous(),
        lengths.detach().contiguous(),
        padded_table,
        problem_of(problem).cutoff,
        padded_gradient,
        for_x,
        for_table,
        for_harmonics if geometry else None,
        for_lengths if geometry else None,
        torch.get_num_threads(),
    )
    without_padding = (t[..., :channels].contiguous() for t in (for_x, for_table))
    return (*without_padding, for_harmonics, for_lengths)  # type: ignore[return-value]


@torch.library.register_fake("equiglass::convolution")  # type: ignore[untyped-decorator]
def _(x: torch.Tensor, *others: Any) -> torch.Tensor:
    *_, receiver_start, _, problem = others
    return empty_sums(x, receiver_start, problem)


@torch.library.register_fake("equiglass::convolution_backward")  # type: ignore[untyped-decorator]
def _(gradient: torch.Tensor, *others: Any) -> Gradients:
    x, harmonics, lengths, table, *_, geometry = others
    return empty_gradients(x, harmonics, lengths, table, geometry)


register_gradient(convolution, convolution_backward)
