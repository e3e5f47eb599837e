"""Which implementation of the convolution runs: chosen here and nowhere else.

``EQUIGLASS_KERNEL`` overrides the choice: ``cpu`` for the native operator, ``triton`` for the one
on the GPU (on the CPU too, with ``TRITON_INTERPRET=1``, slowly), ``reference`` for the
specification in PyTorch, on any device.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from ..geometry.graph import Graph
from . import cpu, reference
from .gpu import launch
from .gpu.order import EdgeOrder, edge_order
from .paths import PathSet

# The radial functions as (n, n_paths, channels), evaluated at n distances.
RadialFunction = Callable[[torch.Tensor], torch.Tensor]

N_KNOTS = 256
BACKENDS = ("cpu", "triton", "reference")


def backend(device: torch.device) -> str:
    """Name of the implementation for a device.

    Raises
    ------
    ValueError
        If ``EQUIGLASS_KERNEL`` names no implementation.
    RuntimeError
        If it asks for one that does not load or does not run on this device.
    """
    wanted = os.environ.get("EQUIGLASS_KERNEL")
    if wanted is None:
        if device.type == "cpu":
            return "cpu" if cpu.is_available() else "reference"
        return "triton" if device.type == "cuda" and launch.is_available() else "reference"
    if wanted not in BACKENDS:
        raise ValueError(f"EQUIGLASS_KERNEL must be one of {BACKENDS}, found {wanted!r}")
    if wanted == "cpu" and not cpu.is_available():
        raise RuntimeError(
            f"the native kernel does not load ({cpu.LOAD_ERROR}); reinstall equiglass with a C++ "
            "compiler at hand, or set EQUIGLASS_KERNEL=reference"
        )
    if wanted == "cpu" and device.type != "cpu":
        raise RuntimeError(f"EQUIGLASS_KERNEL=cpu, but the tensors are on {device}")
    if wanted == "triton" and not launch.is_available():
        raise RuntimeError(f"Triton does not load ({launch.LOAD_ERROR}): pip install triton")
    if wanted == "triton" and device.type != "cuda" and not launch.interprets():
        raise RuntimeError(
            f"EQUIGLASS_KERNEL=triton, but the tensors are on {device}; TRITON_INTERPRET=1 lets "
            "Triton interpret its kernels there"
        )
    return wanted


def convolve(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    graph: Graph,
    radial: RadialFunction,
    paths: PathSet,
) -> list[torch.Tensor]:
    """Path-resolved sums over each receiver's edges.

    See :func:`equiglass.kernels.reference.path_sums` for the equation. The reference evaluates
    ``radial`` on every edge; the native kernel on knots, with cubic interpolation between them.

    Parameters
    ----------
    x
        (n_senders, (l_in + 1)^2, channels) features.
    harmonics
        (n_edges, (l_filter + 1)^2) spherical harmonics of the edge directions.

    Returns
    -------
    Per l_out, (n_receivers, 2 l_out + 1, paths of l_out, channels).
    """
    harmonics = harmonics[:, : (paths.l_filter + 1) ** 2]
    kernel = backend(x.device)
    if kernel != "reference":
        knots = torch.linspace(
            0.0, graph.cutoff, N_KNOTS, dtype=graph.lengths.dtype, device=x.device
        )
        # Whole, before mixed precision rounds what it multiplies.
        with torch.autocast(x.device.type, enabled=False):
            table = radial(knots)
    if kernel == "triton":
        from .gpu.operator import convolution_triton

        order = _order(graph)
        dtype = _autocast_dtype(x.device) or graph.lengths.dtype
        sums = convolution_triton(
            x.to(dtype),
            harmonics.to(dtype),
            graph.lengths,
            table.to(dtype),
            graph.receivers,
            graph.receiver_start,
            graph.senders,
            order.sender_order,
            order.sender_start,
            order.knot_order,
            order.knot_start,
            paths.flat,
            graph.cutoff,
        )
    elif kernel == "cpu":
        sums = cpu.convolution(
            x.to(harmonics.dtype),
            harmonics,
            graph.lengths,
            table,
            graph.receiver_start,
            graph.senders,
            paths.flat,
            graph.cutoff,
        )
    else:
        sums = reference.path_sums(
            x,
            harmonics,
            radial(graph.lengths),
            graph.receivers,
            graph.senders,
            graph.n_receivers,
            paths,
        )
    return paths.split(sums, graph.n_receivers, x.shape[2])


def _autocast_dtype(device: torch.device) -> torch.dtype | None:
    if not torch.is_autocast_enabled(device.type):
        return None
    return torch.get_autocast_dtype(device.type)


def _order(graph: Graph) -> EdgeOrder:
    """The edges in the orders of the backward pass, computed once for a graph."""
    order = graph.derived.get(N_KNOTS)
    if order is None:
        order = edge_order(graph.senders, graph.lengths, graph.n_senders, N_KNOTS, graph.cutoff)
        graph.derived[N_KNOTS] = order
    return order
