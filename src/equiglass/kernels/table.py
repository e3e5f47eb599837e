"""Radial functions as a table of their values on equidistant knots, read by cubic interpolation.

They depend on the length of an edge alone, so a layer evaluates them on a few hundred knots and no
value for each edge ever reaches memory. What every implementation of the convolution computes is
the interpolated function.
"""

from __future__ import annotations

import torch


def knots(
    n_knots: int, cutoff: float, dtype: torch.dtype, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """The lengths at which radial functions are tabulated: (n_knots,) from 0 to the cutoff."""
    return torch.linspace(0.0, cutoff, n_knots, dtype=dtype, device=device)


def first_knot(
    lengths: torch.Tensor, n_knots: int, cutoff: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The first of the four knots that interpolate each length, and the length's place.

    The second knot is the last one that is not beyond the length, except at both ends.

    Returns
    -------
    (n_edges,) int64, and (n_edges,) lengths in units of the distance between knots, in their
    dtype.
    """
    place = lengths * ((n_knots - 1) / cutoff)
    return (place.detach().to(torch.int64) - 1).clamp(0, n_knots - 4), place


def interpolate(table: torch.Tensor, lengths: torch.Tensor, cutoff: float) -> torch.Tensor:
    """Cubic Lagrange interpolation of radial functions on equidistant knots in [0, cutoff].

    Parameters
    ----------
    table
        (n_knots, ...): values on the knots.
    lengths
        (n_edges,).

    Returns
    -------
    (n_edges, ...)
    """
    first, place = first_knot(lengths, len(table), cutoff)
    a = place - first
    b, c, d = a - 1, a - 2, a - 3
    weights = torch.stack([b * c * d / -6, a * c * d / 2, a * b * d / -2, a * b * c / 6], dim=1)
    neighbours = first[:, None] + torch.arange(4, device=first.device)
    return torch.einsum("ek,ek...->e...", weights, table[neighbours])
