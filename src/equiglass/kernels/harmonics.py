"""Real spherical harmonics of edge directions, built by Clebsch-Gordan recursion."""

from __future__ import annotations

from functools import lru_cache

import torch

from .paths import clebsch_gordan


@lru_cache
def _recursion_scale(l: int) -> float:
    # Fixed by |Y_l|^2 = 2 l + 1, evaluated along the first axis of the basis.
    direction = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    lower = spherical_harmonics(direction, l - 1)[:, (l - 1) ** 2 :]
    raw = _raise(lower, direction, l)
    sign = torch.sign(raw.sum())
    return float(sign * (2 * l + 1) ** 0.5 / raw.norm())


def _raise(lower: torch.Tensor, direction: torch.Tensor, l: int) -> torch.Tensor:
    table = clebsch_gordan((l - 1, 1, l), lower.dtype, lower.device)
    product = (lower[:, :, None] * direction[:, None, :]).flatten(1)
    return product @ table.flatten(0, 1)


def spherical_harmonics(directions: torch.Tensor, l_max: int) -> torch.Tensor:
    """Y_lm of unit vectors for l = 0 ... l_max, 'component' normalised: |Y_l|^2 = 2 l + 1.

    The order is l = 0, 1, ... and within l the order of e3nn; Y_1 = sqrt(3) (x, y, z).

    Parameters
    ----------
    directions
        (n, 3) unit vectors, any floating dtype.

    Returns
    -------
    (n, (l_max + 1)^2), differentiable.
    """
    blocks = [torch.ones_like(directions[:, :1])]
    for l in range(1, l_max + 1):
        blocks.append(_recursion_scale(l) * _raise(blocks[-1], directions, l))
    return torch.cat(blocks, dim=1)
