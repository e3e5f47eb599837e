"""The native convolution on the CPU, registered with PyTorch as one operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import pad

from .paths import PathSet, unflatten

try:
    from . import _native  # type: ignore[attr-defined]
except ImportError as error:  # pragma: no cover - depends on the installation
    _native = None
    LOAD_ERROR: str | None = str(error)
else:
    LOAD_ERROR = None

LANES = 8


def is_available() -> bool:
    """Whether the native library was built and loads."""
    return _native is not None


def instruction_set() -> str:
    """The build that is in use: ``baseline``, ``avx2`` or ``avx512``."""
    return str(_native.instruction_set())


def _tuples(paths: PathSet) -> list[tuple[int, int, int]]:
    return list(paths.paths)


def require(condition: bool, name: str, expected: object, found: object) -> None:
    """Raise ValueError, naming the argument of the convolution, unless ``condition``."""
    if not condition:
        raise ValueError(f"convolution: {name} must be {expected}, found {found}")


def check_arguments(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    paths: PathSet,
) -> None:
    """Raise ValueError, naming the argument, for a wrong device, dtype, shape or dimension."""
    n_edges, (n_senders, _, channels) = len(senders), x.shape
    require(x.dtype in (torch.float32, torch.float64), "x", "float32 or float64", x.dtype)
    shapes: dict[str, tuple[torch.Tensor, tuple[int, ...], torch.dtype]] = {
        "x": (x, (n_senders, (paths.l_in + 1) ** 2, channels), x.dtype),
        "harmonics": (harmonics, (n_edges, (paths.l_filter + 1) ** 2), x.dtype),
        "lengths": (lengths, (n_edges,), x.dtype),
        "table": (table, (len(table), len(paths), channels), x.dtype),
        "receiver_start": (receiver_start, (len(receiver_start),), torch.int64),
        "senders": (senders, (n_edges,), torch.int64),
    }
    for name, (tensor, shape, dtype) in shapes.items():
        require(tensor.device.type == "cpu", name, "on the CPU", tensor.device)
        require(tensor.dtype == dtype, name, dtype, tensor.dtype)
        require(tuple(tensor.shape) == shape, name, f"of shape {shape}", tuple(tensor.shape))
    require(len(table) >= 4, "table", "at least 4 knots", len(table))
    require(
        len(receiver_start) >= 1
        and int(receiver_start[0]) == 0
        and int(receiver_start[-1]) == n_edges
        and bool((receiver_start.diff() >= 0).all()),
        "receiver_start",
        f"increasing from 0 to {n_edges}, edges sorted by receiver",
        receiver_start.tolist()[:3],
    )
    if n_edges:
        low, high = int(senders.min()), int(senders.max())
        require(
            low >= 0 and high < n_senders, "senders", f"in [0, {n_senders})", f"{low} to {high}"
        )


def _padded(tensor: torch.Tensor) -> torch.Tensor:
    """Channels, the last axis, filled up to a multiple of the vector width."""
    missing = -tensor.shape[-1] % LANES
    return (pad(tensor, (0, missing)) if missing else tensor).contiguous()


@torch.library.custom_op("equiglass::convolution", mutates_args=())
def convolution(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
) -> torch.Tensor:
    """:func:`equiglass.kernels.reference.path_sums` with interpolated radial functions.

    ``receiver_start`` (n_receivers + 1,) delimits each receiver's edges.
    """
    path_set = unflatten(paths)
    check_arguments(x, harmonics, lengths, table, receiver_start, senders, path_set)
    channels = x.shape[2]
    padded_x, padded_table = _padded(x.detach()), _padded(table.detach())
    n_receivers = len(receiver_start) - 1
    sums = x.new_empty(n_receivers * path_set.n_components * padded_x.shape[2])
    _native.forward(
        _tuples(path_set),
        receiver_start.contiguous(),
        senders.contiguous(),
        padded_x,
        harmonics.detach().contiguous(),
        lengths.detach().contiguous(),
        padded_table,
        cutoff,
        sums,
        torch.get_num_threads(),
    )
    if padded_x.shape[2] != channels:
        sums = sums.view(-1, padded_x.shape[2])[:, :channels].reshape(-1)
    return sums


@convolution.register_fake
def _(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
) -> torch.Tensor:
    n_receivers = receiver_start.shape[0] - 1
    return x.new_empty(n_receivers * unflatten(paths).n_components * x.shape[2])


@torch.library.custom_op("equiglass::convolution_backward", mutates_args=())
def convolution_backward(
    gradient: torch.Tensor,
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
    geometry: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients for x, table, harmonics and lengths; the last two empty without ``geometry``."""
    path_set = unflatten(paths)
    channels = x.shape[2]
    padded_x, padded_table = _padded(x.detach()), _padded(table.detach())
    padded_gradient = _padded(gradient.detach().reshape(-1, channels)).view(-1)
    x_gradient, table_gradient = torch.empty_like(padded_x), torch.empty_like(padded_table)
    harmonics_gradient = torch.empty_like(harmonics) if geometry else harmonics.new_empty(0, 0)
    lengths_gradient = torch.empty_like(lengths) if geometry else lengths.new_empty(0)
    _native.backward(
        _tuples(path_set),
        receiver_start.contiguous(),
        senders.contiguous(),
        padded_x,
        harmonics.detach().contiguous(),
        lengths.detach().contiguous(),
        padded_table,
        cutoff,
        padded_gradient,
        x_gradient,
        table_gradient,
        harmonics_gradient if geometry else None,
        lengths_gradient if geometry else None,
        torch.get_num_threads(),
    )
    return (
        x_gradient[..., :channels].contiguous(),
        table_gradient[..., :channels].contiguous(),
        harmonics_gradient,
        lengths_gradient,
    )


@convolution_backward.register_fake
def _(
    gradient: torch.Tensor,
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    receiver_start: torch.Tensor,
    senders: torch.Tensor,
    paths: Sequence[int],
    cutoff: float,
    geometry: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.empty_like(x),
        torch.empty_like(table),
        torch.empty_like(harmonics) if geometry else harmonics.new_empty(0, 0),
        torch.empty_like(lengths) if geometry else lengths.new_empty(0),
    )


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    *tensors, paths, cutoff = inputs
    ctx.save_for_backward(*tensors)
    ctx.paths, ctx.cutoff = paths, cutoff


def _backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
    geometry = bool(ctx.needs_input_grad[1] or ctx.needs_input_grad[2])
    dx, dtable, dharmonics, dlengths = convolution_backward(
        gradient, *ctx.saved_tensors, ctx.paths, ctx.cutoff, geometry
    )
    return (
        dx,
        dharmonics if geometry else None,
        dlengths if geometry else None,
        dtable,
        *([None] * 4),
    )


convolution.register_autograd(_backward, setup_context=_setup_context)
