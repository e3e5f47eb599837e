"""Learned radial functions: a Bessel basis through a small MLP, times a smooth cutoff."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..kernels.table import knots


def bessel_basis(lengths: torch.Tensor, cutoff: float, n_basis: int) -> torch.Tensor:
    """sqrt(2 / r_c) sin(n pi r / r_c) / r for n = 1 ... n_basis; finite at r = 0.

    J. Gasteiger, J. Gross, S. Guennemann, ICLR 2020, eq. 7. (n,) -> (n, n_basis).
    """
    n = torch.arange(1, n_basis + 1, dtype=lengths.dtype, device=lengths.device)
    # sinc keeps the limit at r = 0 and its gradient.
    scale = math.sqrt(2 / cutoff) * math.pi / cutoff
    basis: torch.Tensor = scale * n * torch.sinc(lengths[:, None] * n / cutoff)
    return basis


def smooth_cutoff(lengths: torch.Tensor, cutoff: float, p: int = 6) -> torch.Tensor:
    """Polynomial envelope: 1 at r = 0, zero with two derivatives at the cutoff.

    J. Gasteiger, J. Gross, S. Guennemann, ICLR 2020, eq. 8. (n,) -> (n,).
    """
    d = lengths / cutoff
    envelope = (
        1
        - (p + 1) * (p + 2) / 2 * d**p
        + p * (p + 2) * d ** (p + 1)
        - p * (p + 1) / 2 * d ** (p + 2)
    )
    return torch.where(d < 1, envelope, torch.zeros_like(d))


class RadialFunctions(nn.Module):
    """R_pc(r): one function of distance for each path p and channel c.

    A Bessel basis, one hidden layer with SiLU, a linear map, and the ``envelope``, so that every
    function and two derivatives vanish at the cutoff.
    """

    def __init__(
        self,
        n_paths: int,
        channels: int,
        cutoff: float,
        n_basis: int = 10,
        width: int = 16,
        *,
        envelope: bool = True,
    ) -> None:
        super().__init__()
        self.envelope = envelope
        self.n_paths, self.channels = n_paths, channels
        self.cutoff, self.n_basis = cutoff, n_basis
        self.hidden = nn.Linear(n_basis, width)
        self.output = nn.Linear(width, n_paths * channels, bias=False)
        nn.init.normal_(self.output.weight, std=width**-0.5)

    def forward(self, lengths: torch.Tensor) -> torch.Tensor:
        """(n,) distances -> (n, n_paths, channels)."""
        basis = bessel_basis(lengths, self.cutoff, self.n_basis)
        hidden = nn.functional.silu(self.hidden(basis))
        values = self.output(hidden)
        if self.envelope:
            values = values * smooth_cutoff(lengths, self.cutoff)[:, None]
        functions: torch.Tensor = values.view(-1, self.n_paths, self.channels)
        return functions

    def table(self, n_knots: int, dtype: torch.dtype) -> torch.Tensor:
        """Values on equidistant knots, as the convolution takes them.

        Whole, whatever the precision around it: what the kernel interpolates is rounded once.

        Returns
        -------
        (n_knots, n_paths, channels)
        """
        device = self.output.weight.device
        with torch.autocast(device.type, enabled=False):
            functions: torch.Tensor = self(knots(n_knots, self.cutoff, dtype, device))
        return functions
