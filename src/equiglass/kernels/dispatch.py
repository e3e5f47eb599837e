"""Which implementation of the convolution runs: chosen here and nowhere else.

``EQUIGLASS_KERNEL`` overrides the choice: ``cpu`` for the native operator, ``reference`` for the
specification in PyTorch, on any device.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from ..graph import Graph
from . import cpu, reference
from .paths import PathSet

# The radial functions as (n, n_paths, channels), evaluated at n distances.
RadialFunction = Callable[[torch.Tensor], torch.Tensor]

N_KNOTS = 256
BACKENDS = ("cpu", "reference")


def backend(device: torch.device) -> str:
    """Name of the implementation for a device.

    Raises
    ------
    ValueError
        If ``EQUIGLASS_KERNEL`` names no implementation.
    RuntimeError
        If it asks for the native one, which does not load or does not run on this device.
    """
    wanted = os.environ.get("EQUIGLASS_KERNEL")
    if wanted is None:
        return "cpu" if device.type == "cpu" and cpu.is_available() else "reference"
    if wanted not in BACKENDS:
        raise ValueError(f"EQUIGLASS_KERNEL must be one of {BACKENDS}, found {wanted!r}")
    if wanted == "cpu" and not cpu.is_available():
        raise RuntimeError(
            f"the native kernel does not load ({cpu.LOAD_ERROR}); reinstall equiglass with a C++ "
            "compiler at hand, or set EQUIGLASS_KERNEL=reference"
        )
    if wanted == "cpu" and device.type != "cpu":
        raise RuntimeError(f"EQUIGLASS_KERNEL=cpu, but the tensors are on {device}")
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
    if backend(x.device) == "cpu":
        knots = torch.linspace(0.0, graph.cutoff, N_KNOTS, dtype=x.dtype)
        sums = cpu.convolution(
            x,
            harmonics,
            graph.lengths,
            radial(knots),
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
