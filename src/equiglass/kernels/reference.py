"""The convolution in plain PyTorch: the specification that every fast version is tested against."""

from __future__ import annotations

import torch
from torch.utils.checkpoint import checkpoint

from .paths import PathSet, clebsch_gordan


def path_sums(
    x: torch.Tensor,
    harmonics: torch.Tensor,
    radial: torch.Tensor,
    receivers: torch.Tensor,
    senders: torch.Tensor,
    n_receivers: int,
    paths: PathSet,
) -> torch.Tensor:
    """Clebsch-Gordan products of sender features and edge harmonics, summed by receiver.

    For each path p = (l_in, l_filter -> l_out), channel by channel ('uvu')::

        out[i, p, m_out, c] = sum_{e: j -> i} R[e, p, c]
            sum_{m_in, m_filter} C_p[m_in, m_filter, m_out] Y[e, m_filter] x[j, m_in, c]

    Parameters
    ----------
    x
        (n_senders, (l_in + 1)^2, channels) features.
    harmonics
        (n_edges, (l_filter + 1)^2).
    radial
        (n_edges, n_paths, channels) radial functions R at the length of each edge.
    receivers, senders
        (n_edges,) int64.

    Returns
    -------
    Flat: one block for each l_out, each (n_receivers, 2 l_out + 1, paths of l_out, channels);
    :meth:`PathSet.split` gives the views.
    """
    blocks = []
    channels = x.shape[2]
    for l_out in range(paths.l_out + 1):
        columns = []
        for p, (a, b, c) in enumerate(paths.paths):
            if c != l_out:
                continue
            coefficients = clebsch_gordan((a, b, c), x.dtype, x.device)

            def one_path(
                x: torch.Tensor, y: torch.Tensor, r: torch.Tensor, coefficients: torch.Tensor
            ) -> torch.Tensor:
                matrix = torch.einsum("abm,eb->eam", coefficients, y)
                messages = torch.einsum("eam,eac,ec->emc", matrix, x[senders], r)
                zeros = x.new_zeros(n_receivers, coefficients.shape[2], channels)
                return zeros.index_add(0, receivers, messages)

            # Messages of one path at a time: recomputed in the backward pass, not kept.
            columns.append(
                checkpoint(
                    one_path,
                    x[:, a**2 : (a + 1) ** 2],
                    harmonics[:, b**2 : (b + 1) ** 2],
                    radial[:, p],
                    coefficients,
                    use_reentrant=False,
                )
            )
        if columns:
            blocks.append(torch.stack(columns, dim=2).flatten())
    return torch.cat(blocks)


def interpolate(table: torch.Tensor, lengths: torch.Tensor, cutoff: float) -> torch.Tensor:
    """Cubic Lagrange interpolation of radial functions on equidistant knots in [0, cutoff].

    Parameters
    ----------
    table
        (n_knots, n_paths, channels).
    lengths
        (n_edges,).

    Returns
    -------
    (n_edges, n_paths, channels)
    """
    n_knots = table.shape[0]
    position = lengths * ((n_knots - 1) / cutoff)
    first = (position.detach().to(torch.int64) - 1).clamp(0, n_knots - 4)
    a = position - first
    b, c, d = a - 1, a - 2, a - 3
    weights = torch.stack([b * c * d / -6, a * c * d / 2, a * b * d / -2, a * b * c / 6], dim=1)
    neighbours = first[:, None] + torch.arange(4, device=first.device)
    return torch.einsum("ek,ekpc->epc", weights, table[neighbours])
