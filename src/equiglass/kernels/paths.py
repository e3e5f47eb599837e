"""Clebsch-Gordan paths: which products (l_in, l_filter -> l_out) a convolution takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray

Path = tuple[int, int, int]
L_MAX = 4


@dataclass(frozen=True)
class PathSet:
    """The paths of one convolution, sorted by output l, then input l, then filter l."""

    paths: tuple[Path, ...]

    def __post_init__(self) -> None:
        if list(self.paths) != sorted(self.paths, key=lambda p: (p[2], p[0], p[1])):
            raise ValueError(f"paths must be sorted by (l_out, l_in, l_filter), found {self.paths}")

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def l_in(self) -> int:
        """Largest input l."""
        return max(p[0] for p in self.paths)

    @property
    def l_filter(self) -> int:
        """Largest filter l."""
        return max(p[1] for p in self.paths)

    @property
    def l_out(self) -> int:
        """Largest output l."""
        return max(p[2] for p in self.paths)

    @property
    def per_l_out(self) -> tuple[int, ...]:
        """Number of paths that end in each l."""
        return tuple(sum(p[2] == l_out for p in self.paths) for l_out in range(self.l_out + 1))

    @property
    def n_components(self) -> int:
        """Output components over all paths."""
        return sum(2 * p[2] + 1 for p in self.paths)

    @property
    def flat(self) -> list[int]:
        """The paths as one list of integers, as operators take them."""
        return [l for path in self.paths for l in path]

    def split(self, sums: torch.Tensor, n_receivers: int, channels: int) -> list[torch.Tensor]:
        """Views of an operator's flat output: (n_receivers, 2 l_out + 1, paths, channels) each."""
        shapes = [
            (n_receivers, 2 * l_out + 1, n_paths, channels)
            for l_out, n_paths in enumerate(self.per_l_out)
        ]
        # One split, not slices: its backward pass joins the gradients without zero-filled copies.
        blocks = torch.split(sums, [math.prod(shape) for shape in shapes])
        return [block.view(shape) for block, shape in zip(blocks, shapes, strict=True)]


@lru_cache
def path_set(l_in: int, l_filter: int, l_out: int, parity: bool) -> PathSet:
    """Every path with the three l at most as given that obeys the triangle rule.

    Parameters
    ----------
    parity
        Keep only paths with an even sum of l: then features of even l are true and those of odd
        l are polar tensors, and the network is equivariant under O(3), reflections included.
        Without, pseudo-tensors mix in and the symmetry is SO(3).
    """
    return PathSet(
        tuple(
            (a, b, c)
            for c in range(l_out + 1)
            for a in range(l_in + 1)
            for b in range(l_filter + 1)
            if abs(a - b) <= c <= a + b and not (parity and (a + b + c) % 2)
        )
    )


def unflatten(flat: Sequence[int]) -> PathSet:
    """The path set behind :attr:`PathSet.flat`."""
    values = list(flat)
    return PathSet(tuple(zip(values[0::3], values[1::3], values[2::3], strict=True)))


@lru_cache(maxsize=1)
def _coefficients() -> dict[Path, NDArray[np.float64]]:
    text = files(__package__).joinpath("clebsch_gordan.csv").read_text()
    tables: dict[Path, NDArray[np.float64]] = {}
    for line in text.splitlines()[1:]:
        *indices, value = line.split(",")
        a, b, c, m_a, m_b, m_c = map(int, indices)
        if (a, b, c) not in tables:
            tables[a, b, c] = np.zeros((2 * a + 1, 2 * b + 1, 2 * c + 1))
        tables[a, b, c][m_a, m_b, m_c] = float(value)
    return tables


def clebsch_gordan(
    path: Path, dtype: torch.dtype = torch.float64, device: torch.device | None = None
) -> torch.Tensor:
    """Real coefficients (2 l_in + 1, 2 l_filter + 1, 2 l_out + 1) in 'component' normalisation.

    sqrt(2 l_out + 1) times the real Wigner 3j symbol, in the basis of
    :func:`equiglass.kernels.harmonics.spherical_harmonics`.
    """
    if path not in _coefficients():
        raise ValueError(f"no path {path}: l is at most {L_MAX} and obeys the triangle rule")
    return torch.as_tensor(_coefficients()[path], dtype=dtype, device=device)
