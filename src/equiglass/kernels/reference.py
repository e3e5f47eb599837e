"""The convolution in plain PyTorch: the specification that every fast version is tested against."""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint

from ..geometry.graph import Graph
from .paths import clebsch_gordan
from .problem import ConvolutionProblem
from .table import interpolate

DTYPES = (torch.float32, torch.float64, torch.bfloat16)


def why_not(device: torch.device) -> str | None:
    """Why this implementation cannot run on a device; None, for it runs on all."""
    return None


def convolve(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    table: torch.Tensor,
    graph: Graph,
    problem: ConvolutionProblem,
) -> torch.Tensor:
    """Clebsch-Gordan products of sender features and edge harmonics, summed by receiver.

    For each path p = (l_in, l_filter -> l_out), channel by channel ('uvu')::

        out[i, p, m_out, c] = sum_{e: j -> i} R[e, p, c]
            sum_{m_in, m_filter} C_p[m_in, m_filter, m_out] Y[e, m_filter] x[j, m_in, c]

    where R[e, p, c] is interpolated from the table at the length of edge e, by
    :func:`equiglass.kernels.table.interpolate`. Every implementation computes this function.

    Parameters
    ----------
    x
        (n_senders, (l_in + 1)^2, channels) features: float32, float64, or bfloat16, of which the
        sums are taken in float32.
    harmonics
        (n_edges, (l_filter + 1)^2), in the dtype of ``x``.
    table
        (n_knots, n_paths, channels) radial functions on the knots, in the dtype of ``x``.
    graph
        Its lengths are float32, or float64 with float64 features.

    Returns
    -------
    Flat, in the dtype of ``x``: one block for each l_out, each
    (n_receivers, 2 l_out + 1, paths of l_out, channels); :meth:`PathSet.split` gives the views.
    """
    accumulator = torch.float64 if x.dtype == torch.float64 else torch.float32

    def one_path(
        x: torch.Tensor,
        y: torch.Tensor,
        lengths: torch.Tensor,
        values: torch.Tensor,
        coefficients: torch.Tensor,
    ) -> torch.Tensor:
        radial = interpolate(values, lengths, problem.cutoff)
        matrix = torch.einsum("abm,eb->eam", coefficients, y)
        messages = torch.einsum("eam,eac,ec->emc", matrix, x[graph.senders], radial)
        zeros = x.new_zeros(graph.n_receivers, coefficients.shape[2], problem.channels)
        return zeros.index_add(0, graph.receivers, messages)

    blocks = []
    with torch.autocast(x.device.type, enabled=False):
        features, y, values = (t.to(accumulator) for t in (x, harmonics, table))
        for l_out in range(problem.paths.l_out + 1):
            # Messages of one path at a time: recomputed in the backward pass, not kept.
            columns = [
                checkpoint(
                    one_path,
                    features[:, a**2 : (a + 1) ** 2],
                    y[:, b**2 : (b + 1) ** 2],
                    graph.lengths,
                    values[:, p],
                    clebsch_gordan((a, b, c), accumulator, x.device),
                    use_reentrant=False,
                )
                for p, (a, b, c) in enumerate(problem.paths.paths)
                if c == l_out
            ]
            if columns:
                blocks.append(torch.stack(columns, dim=2).flatten())
        return torch.cat(blocks).to(x.dtype)
