"""The linear map of a layer's path sums and own features: native, or in plain PyTorch.

A general matrix product is slow where the result has eight or sixteen columns, and wants the
degrees joined in memory afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from . import cpu
from .dispatch import chosen
from .operator import operator
from .problem import ConvolutionProblem, problem_of


def mix(
    sums: torch.Tensor,
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """Linear in the path sums of each degree and in the receiver's own features.

    For every degree l, with K the paths that end in l times the channels::

        out[i, m, d] = sum_{k < K} sums_l[i, m, k] weights[l][k, d]
                     + sum_c own_l[i, m, c] weights[l][K + c, d]

    Parameters
    ----------
    sums
        Flat, as :func:`equiglass.kernels.dispatch.flat_sums` returns them.
    own
        (n_receivers, (l_in + 1)^2, channels), or None; degrees above l_out are not read, and
        degrees that it lacks have no rows in their weights.
    weights
        Per l_out, (K, columns), or (K + channels, columns) where ``own`` has the degree.

    Returns
    -------
    (n_receivers, (l_out + 1)^2, columns), in the dtype of ``sums``; with autocast in its dtype, as
    matrix products are.

    Raises
    ------
    ValueError
        If a weight or ``own`` has another shape.
    """
    columns = weights[0].shape[1]
    n = sums.numel() // (problem.paths.n_components * problem.channels)
    check_mixing(own, weights, problem, n)
    lanes = problem.channels % cpu.LANES == 0 and columns % cpu.LANES == 0
    if lanes and _is_native(sums, [*weights, *([] if own is None else [own])]):
        features = sums.new_empty(n, 0, problem.channels) if own is None else own
        result: torch.Tensor = mixing(sums, features, torch.cat(list(weights)), problem.key)
        return result
    return reference(sums, own, weights, problem)


def reference(
    sums: torch.Tensor,
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """:func:`mix` as matrix products of PyTorch: the specification, on any device."""
    n = sums.numel() // (problem.paths.n_components * problem.channels)
    mixed = []
    for l, (block, weight) in enumerate(
        zip(problem.paths.split(sums, n, problem.channels), weights, strict=True)
    ):
        width = problem.paths.per_l_out[l] * problem.channels
        flat = block.reshape(n * (2 * l + 1), width)
        if own is not None and (l + 1) ** 2 <= own.shape[1]:
            skip = own[:, l**2 : (l + 1) ** 2].flatten(0, 1) @ weight[width:]
            y = torch.addmm(skip, flat, weight[:width])
        else:
            y = flat @ weight
        mixed.append(y.view(n, 2 * l + 1, weight.shape[1]))
    return torch.cat(mixed, dim=1)


def check_mixing(
    own: torch.Tensor | None,
    weights: Sequence[torch.Tensor],
    problem: ConvolutionProblem,
    n: int,
) -> None:
    """Raise ValueError if a weight or the own features of ``n`` receivers have another shape."""
    paths, channels = problem.paths, problem.channels
    if own is not None and (own.shape[0] != n or own.shape[2] != channels):
        expected = (n, "(l + 1)^2", channels)
        raise ValueError(f"mix: own must be of shape {expected}, found {tuple(own.shape)}")
    own_components = 0 if own is None else own.shape[1]
    if len(weights) != paths.l_out + 1:
        raise ValueError(f"mix: expected weights for l = 0 to {paths.l_out}, found {len(weights)}")
    for l, (n_paths, weight) in enumerate(zip(paths.per_l_out, weights, strict=True)):
        rows = (n_paths + ((l + 1) ** 2 <= own_components)) * channels
        if tuple(weight.shape) != (rows, weights[0].shape[1]):
            wanted = (rows, weights[0].shape[1])
            raise ValueError(
                f"mix: the weight of l = {l} must be of shape {wanted}, found {tuple(weight.shape)}"
            )


def _is_native(sums: torch.Tensor, others: Sequence[torch.Tensor]) -> bool:
    """Where the convolution is native as well, and all is in one dtype of the native operator."""
    return (
        sums.dtype in cpu.DTYPES
        and chosen(sums.device) == "cpu"
        and not torch.is_autocast_enabled(sums.device.type)
        and all(t.dtype == sums.dtype and t.device == sums.device for t in others)
    )


def _empty(sums: torch.Tensor, own: torch.Tensor, weight: torch.Tensor, problem: str) -> Any:
    paths = problem_of(problem).paths
    return sums.new_empty(own.shape[0], (paths.l_out + 1) ** 2, weight.shape[1])


@operator("mixing")
def mixing(
    sums: torch.Tensor, own: torch.Tensor, weight: torch.Tensor, problem: str
) -> torch.Tensor:
    """:func:`mix` with the weights of all degrees joined, (rows, columns)."""
    out: torch.Tensor = _empty(sums, own, weight, problem)
    cpu.native().mix(
        cpu.native_paths(problem),
        sums.detach().contiguous(),
        own.detach().contiguous(),
        weight.detach().contiguous(),
        problem_of(problem).channels,
        out,
        torch.get_num_threads(),
    )
    return out


@operator("mixing_backward")
def mixing_backward(
    gradient: torch.Tensor,
    sums: torch.Tensor,
    own: torch.Tensor,
    weight: torch.Tensor,
    problem: str,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients for sums, own features and weight."""
    results = [
        torch.empty_like(t, memory_format=torch.contiguous_format) for t in (sums, own, weight)
    ]
    cpu.native().mix_backward(
        cpu.native_paths(problem),
        gradient.detach().contiguous(),
        sums.detach().contiguous(),
        own.detach().contiguous(),
        weight.detach().contiguous(),
        problem_of(problem).channels,
        *results,
        torch.get_num_threads(),
    )
    return results[0], results[1], results[2]


@torch.library.register_fake("equiglass::mixing")  # type: ignore[untyped-decorator]
def _(sums: torch.Tensor, own: torch.Tensor, weight: torch.Tensor, problem: str) -> Any:
    return _empty(sums, own, weight, problem)


@torch.library.register_fake("equiglass::mixing_backward")  # type: ignore[untyped-decorator]
def _(gradient: torch.Tensor, *others: Any) -> tuple[torch.Tensor, ...]:
    *tensors, _ = others
    return tuple(torch.empty_like(t, memory_format=torch.contiguous_format) for t in tensors)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    *tensors, problem = inputs
    ctx.save_for_backward(*tensors)
    ctx.problem = problem


def _gradient(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
    return (*mixing_backward(gradient, *ctx.saved_tensors, ctx.problem), None)


torch.library.register_autograd(mixing, _gradient, setup_context=_setup)
