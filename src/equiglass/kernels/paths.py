"""Clebsch-Gordan paths: which products (l_in, l_filter -> l_out) a convolution takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import numpy as np
import torch
from numpy.typing import NDArray

Path = tuple[int, int, int]
L_MAX = 4


@dataclass(frozen=True)
class PathSet:
    """The paths of one convolution, sorted by output l, then input l, then filter l.

    Attributes
    ----------
    l_in, l_filter, l_out
        Largest degrees of input, filter and output.
    per_l_out
        Number of paths that end in each l.
    n_components
        Output components over all paths.

    Raises
    ------
    ValueError
        For paths that are out of order, that stand twice, or that are not in the table of
        coefficients.
    """

    paths: tuple[Path, ...]
    l_in: int = field(init=False, repr=False, compare=False)
    l_filter: int = field(init=False, repr=False, compare=False)
    l_out: int = field(init=False, repr=False, compare=False)
    per_l_out: tuple[int, ...] = field(init=False, repr=False, compare=False)
    n_components: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("a convolution needs at least one path")
        # Each once: the native kernel has room on its stack for the sums of all that there are.
        if list(self.paths) != sorted(set(self.paths), key=lambda p: (p[2], p[0], p[1])):
            raise ValueError(
                f"paths must be sorted by (l_out, l_in, l_filter), each once, found {self.paths}"
            )
        for path in self.paths:
            _check_path(path)
        l_in, l_filter, l_out = (max(ls) for ls in zip(*self.paths, strict=True))
        counts = tuple(sum(p[2] == l for p in self.paths) for l in range(l_out + 1))
        # Once: every call of a kernel reads them.
        for name, value in (
            ("l_in", l_in),
            ("l_filter", l_filter),
            ("l_out", l_out),
            ("per_l_out", counts),
            ("n_components", sum((2 * l + 1) * n for l, n in enumerate(counts))),
        ):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.paths)

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


def _check_path(path: Path) -> None:
    if path not in _coefficients():
        raise ValueError(f"no path {path}: l is at most {L_MAX} and obeys the triangle rule")


def clebsch_gordan(
    path: Path, dtype: torch.dtype = torch.float64, device: torch.device | None = None
) -> torch.Tensor:
    """Real coefficients (2 l_in + 1, 2 l_filter + 1, 2 l_out + 1) in 'component' normalisation.

    sqrt(2 l_out + 1) times the real Wigner 3j symbol, in the basis of
    :func:`equiglass.kernels.harmonics.spherical_harmonics`.
    """
    _check_path(path)
    return torch.as_tensor(_coefficients()[path], dtype=dtype, device=device)
