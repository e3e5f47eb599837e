"""What operators of the convolution share as PyTorch sees them: shapes, and the gradient.

An implementation registers two operators, which differ only in the indices that they read::

    forward(x, harmonics, lengths, table, *indices, problem) -> sums
    backward(gradient, x, harmonics, lengths, table, *indices, problem, geometry)
        -> for x, table, harmonics and lengths

``problem`` is the :attr:`~equiglass.kernels.problem.ConvolutionProblem.key`; without ``geometry``
the last two gradients are empty and no time goes into them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch

from .problem import problem_of

Gradients = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
P = ParamSpec("P")
R = TypeVar("R")


def operator(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as the operator ``equiglass::name``, which mutates nothing.

    What :func:`torch.library.custom_op` makes, from the functions below it: an operator of
    ``custom_op`` imports PyTorch's compiler, two seconds, when it is first called.
    """
    qualified = f"equiglass::{name}"

    def register(function: Callable[..., Any]) -> Any:
        schema = torch.library.infer_schema(function, mutates_args=())
        torch.library.define(qualified, schema, tags=(torch.Tag.pt2_compliant_tag,))
        torch.library.impl(qualified, "default", function)
        return getattr(torch.ops.equiglass, name).default

    return register


def constant_result(function: Callable[P, R]) -> Callable[P, R]:
    """Tell a compiler to take what the function returns as a constant.

    :func:`torch.compiler.assume_constant_result` sets this mark as well, and imports the compiler
    to do so.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def empty_sums(x: torch.Tensor, receiver_start: torch.Tensor, problem: str) -> torch.Tensor:
    """Room for the flat result of the forward operator."""
    n_components = problem_of(problem).paths.n_components
    return x.new_empty((receiver_start.shape[0] - 1) * n_components * x.shape[2])


def empty_gradients(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    lengths: torch.Tensor,
    table: torch.Tensor,
    geometry: bool,
) -> Gradients:
    """Room for the gradients of the backward operator."""
    return (
        torch.empty_like(x, memory_format=torch.contiguous_format),
        torch.empty_like(table, memory_format=torch.contiguous_format),
        torch.empty_like(harmonics, memory_format=torch.contiguous_format)
        if geometry
        else harmonics.new_empty(0, 0),
        torch.empty_like(lengths, memory_format=torch.contiguous_format)
        if geometry
        else lengths.new_empty(0),
    )


def register_gradient(forward: Any, backward: Callable[..., Gradients]) -> None:
    """Make ``backward`` the gradient of the operator ``forward``."""

    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        *tensors, problem = inputs
        ctx.save_for_backward(*tensors)
        ctx.problem = problem

    def gradient_of(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
        _, for_harmonics, for_lengths, *others = ctx.needs_input_grad
        geometry = bool(for_harmonics or for_lengths)
        x, table, harmonics, lengths = backward(gradient, *ctx.saved_tensors, ctx.problem, geometry)
        indices_and_problem = [None] * (len(others) - 1)
        if not geometry:
            return x, None, None, table, *indices_and_problem
        return x, harmonics, lengths, table, *indices_and_problem

    torch.library.register_autograd(forward, gradient_of, setup_context=setup_context)
