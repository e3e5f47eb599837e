"""Real spherical harmonics of edge directions, built by Clebsch-Gordan recursion."""

from __future__ import annotations

from functools import lru_cache

import torch

from ..geometry.graph import Graph
from . import cpu
from .dispatch import chosen
from .operator import constant_result, operator
from .paths import clebsch_gordan

# One component of Y_l: (coefficient, component of Y_(l-1), component of the direction), summed.
Terms = tuple[tuple[float, int, int], ...]


def _raised(l: int) -> list[Terms]:
    """Y_l as the product of Y_(l-1) and the direction, scaled so that |Y_l|^2 = 2 l + 1."""
    table = clebsch_gordan((l - 1, 1, l))
    components = [
        [(float(table[a, b, m]), int(a), int(b)) for a, b in table[:, :, m].nonzero().tolist()]
        for m in range(2 * l + 1)
    ]
    along_y = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    lower = [y[0] for y in _degrees(along_y, l - 1)[-1]]
    raw = torch.stack([_sum(terms, lower, list(along_y[0])) for terms in components])
    scale = float(raw.sum().sign() * (2 * l + 1) ** 0.5 / raw.norm())
    return [tuple((scale * c, a, b) for c, a, b in terms) for terms in components]


@lru_cache
def _cached_recursion(l: int) -> tuple[Terms, ...]:
    return tuple(_raised(l))


@constant_result
def _recursion(l: int) -> tuple[Terms, ...]:
    """Numbers, not operations, to a compiler."""
    return _cached_recursion(l)


def _sum(
    terms: Terms | list[tuple[float, int, int]],
    lower: list[torch.Tensor],
    direction: list[torch.Tensor],
) -> torch.Tensor:
    (c, a, b), *rest = terms
    total = c * lower[a] * direction[b]
    for c, a, b in rest:
        total = total + c * lower[a] * direction[b]
    return total


def _degrees(directions: torch.Tensor, l_max: int) -> list[list[torch.Tensor]]:
    xyz = list(directions.T.contiguous())
    blocks = [[torch.ones_like(xyz[0])]]
    for l in range(1, l_max + 1):
        blocks.append([_sum(terms, blocks[-1], xyz) for terms in _recursion(l)])
    return blocks


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
    if _is_native(directions) and not (directions.requires_grad and torch.is_grad_enabled()):
        result: torch.Tensor = harmonics(directions, None, l_max)
        return result
    return reference(directions, l_max)


def edge_harmonics(graph: Graph, l_max: int) -> torch.Tensor:
    """:func:`spherical_harmonics` of a graph's edges, which costs no pass for their directions."""
    vectors, lengths = graph.vectors, graph.lengths
    if _is_native(vectors) and not (vectors.requires_grad and torch.is_grad_enabled()):
        result: torch.Tensor = harmonics(vectors, lengths, l_max)
        return result
    return spherical_harmonics(graph.directions, l_max)


def reference(directions: torch.Tensor, l_max: int) -> torch.Tensor:
    """:func:`spherical_harmonics` in plain PyTorch: the specification, on any device."""
    # Component by component, on contiguous rows: the coefficients are sparse.
    return torch.stack([y for block in _degrees(directions, l_max) for y in block], dim=1)


def _is_native(directions: torch.Tensor) -> bool:
    return directions.dtype in cpu.DTYPES and chosen(directions.device) == "cpu"


@lru_cache
def _native_terms(l_max: int) -> list[tuple[int, int, int, float]]:
    """Of all components: (component, component of the degree below, of the direction, factor)."""
    return [
        (l**2 + m, (l - 1) ** 2 + a, b, c)
        for l in range(1, l_max + 1)
        for m, terms in enumerate(_cached_recursion(l))
        for c, a, b in terms
    ]


@operator("harmonics")
def harmonics(vectors: torch.Tensor, lengths: torch.Tensor | None, l_max: int) -> torch.Tensor:
    """The native recursion, with the bits of the specification; it has no gradient.

    ``lengths`` are those of the vectors, (n, 3), or None where they are directions.
    """
    result = vectors.new_empty(len(vectors), (l_max + 1) ** 2)
    cpu.native().harmonics(
        _native_terms(l_max),
        vectors.detach().contiguous(),
        None if lengths is None else lengths.detach().contiguous(),
        result,
        torch.get_num_threads(),
    )
    return result


@torch.library.register_fake("equiglass::harmonics")  # type: ignore[untyped-decorator]
def _(vectors: torch.Tensor, lengths: torch.Tensor | None, l_max: int) -> torch.Tensor:
    return vectors.new_empty(len(vectors), (l_max + 1) ** 2)
