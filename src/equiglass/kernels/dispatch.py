"""Which implementation of the convolution runs: chosen here and nowhere else.

``EQUIGLASS_KERNEL`` overrides the choice: ``cpu`` for the native operator, ``triton`` for the one
on the GPU (on the CPU too, with ``TRITON_INTERPRET=1``, slowly), ``reference`` for the
specification in PyTorch, on any device. All of them compute the same function.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol

import torch

from ..errors import AssumptionWarning, InputError
from ..geometry.graph import Graph
from .operator import constant_result
from .problem import ConvolutionProblem, check_arguments, require


class Backend(Protocol):
    """What the module of an implementation offers."""

    @property
    def DTYPES(self) -> tuple[torch.dtype, ...]:  # noqa: N802 - a constant of the module
        """Dtypes of features that it takes."""

    def why_not(self, device: torch.device) -> str | None:
        """Why it cannot run on a device, or None."""

    def convolve(
        self,
        x: torch.Tensor,
        harmonics: torch.Tensor,
        table: torch.Tensor,
        graph: Graph,
        problem: ConvolutionProblem,
    ) -> torch.Tensor:
        """:func:`equiglass.kernels.reference.convolve`, the specification."""


# Imported when they are asked for: nothing of the GPU is loaded on a machine without one.
def _cpu() -> Backend:
    from . import cpu

    return cpu


def _triton() -> Backend:
    from .gpu import operator

    return operator


def _reference() -> Backend:
    from . import reference

    return reference


BACKENDS: dict[str, Callable[[], Backend]] = {
    "cpu": _cpu,
    "triton": _triton,
    "reference": _reference,
}
# Of the native operator, by which EQUIGLASS_ISA limits it.
INSTRUCTION_SETS = ("baseline", "avx2", "avx512")
# What is tried on a kind of device before the specification.
FASTEST = {"cpu": "cpu", "cuda": "triton"}


def backend(device: torch.device) -> str:
    """Name of the implementation for a device.

    Raises
    ------
    InputError
        If ``EQUIGLASS_KERNEL`` names no implementation, or one that does not load or does not run
        on this device, or ``EQUIGLASS_ISA`` no instruction set.
    """
    _one_of("EQUIGLASS_ISA", INSTRUCTION_SETS)
    wanted = _one_of("EQUIGLASS_KERNEL", tuple(BACKENDS))
    if wanted is None:
        fastest = FASTEST.get(device.type, "reference")
        reason = BACKENDS[fastest]().why_not(device)
        if reason is None:
            return fastest
        _say_once(f"{reason}; meanwhile the specification in PyTorch runs, much slower")
        return "reference"
    reason = BACKENDS[wanted]().why_not(device)
    if reason is not None:
        raise InputError(reason)
    return wanted


@cache
def _say_once(text: str) -> None:
    warnings.warn(text, AssumptionWarning, stacklevel=2)


def _one_of(variable: str, names: Sequence[str]) -> str | None:
    """What a variable of the environment says, if it is set; raises InputError for another word."""
    value = os.environ.get(variable)
    if value is not None and value not in names:
        raise InputError(
            "names none of those that there are", field=variable, expected=", ".join(names),
            found=value or "''",
        )  # fmt: skip
    return value


@constant_result
def chosen(device: torch.device) -> str:
    """:func:`backend`; a compiled function keeps the choice that was made when it was compiled."""
    return backend(device)


def flat_sums(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """Path-resolved sums over each receiver's edges, all degrees in one flat tensor.

    See :func:`equiglass.kernels.reference.convolve` for the equation.

    Parameters
    ----------
    x
        (n_senders, (l_in + 1)^2, channels) features.
    harmonics
        (n_edges, (l_filter + 1)^2 or more) spherical harmonics of the edge directions.
    table
        (n_knots, n_paths, channels) radial functions on the knots of the problem.

    Returns
    -------
    One block for each l_out, one after the other, each
    (n_receivers, 2 l_out + 1, paths of l_out, channels).

    Raises
    ------
    ValueError
        For a wrong device, dtype, shape or cutoff.
    InputError
        As :func:`backend`.
    """
    implementation = BACKENDS[chosen(x.device)]()
    dtype = graph.lengths.dtype
    if torch.is_autocast_enabled(x.device.type):
        half = torch.get_autocast_dtype(x.device.type)
        dtype = half if half in implementation.DTYPES else dtype
    require(dtype in implementation.DTYPES, "lengths", f"one of {implementation.DTYPES}", dtype)
    x, table = x.to(dtype), table.to(dtype)
    harmonics = harmonics[:, : (problem.paths.l_filter + 1) ** 2].to(dtype)
    check_arguments(x, harmonics, table, graph, problem)
    return implementation.convolve(x, harmonics, table, graph, problem)


def convolve(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> list[torch.Tensor]:
    """:func:`flat_sums`, per l_out: (n_receivers, 2 l_out + 1, paths of l_out, channels) each."""
    sums = flat_sums(x, harmonics, table, graph, problem)
    return problem.paths.split(sums, graph.n_receivers, problem.channels)
