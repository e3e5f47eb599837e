"""The native harmonics have the bits of the specification, wherever they are taken."""

from __future__ import annotations

import pytest
import torch

from equiglass.geometry.graph import Graph, build_graph
from equiglass.kernels.harmonics import edge_harmonics, reference, spherical_harmonics
from tests.conftest import make_liquid
from tests.kernels.cases import native


def directions(n: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    return torch.nn.functional.normalize(torch.randn(n, 3, generator=generator, dtype=dtype), dim=1)


@native
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("l_max", range(5))
@pytest.mark.parametrize("n", [0, 1, 64, 1000])
def test_native_has_the_bits_of_the_specification(n: int, l_max: int, dtype: torch.dtype) -> None:
    d = directions(n, dtype)
    # Of a view, too.
    for t in (d, d.T.contiguous().T):
        assert torch.equal(spherical_harmonics(t, l_max), reference(d, l_max))


def test_gradients_are_those_of_the_specification() -> None:
    d = directions(7, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: spherical_harmonics(t, 3), d)
    with torch.no_grad():
        assert not spherical_harmonics(d, 2).requires_grad


@native
def test_operator_is_registered_correctly() -> None:
    vectors = directions(5)
    for lengths in (None, torch.linspace(1, 2, 5, dtype=vectors.dtype)):
        torch.library.opcheck(torch.ops.equiglass.harmonics.default, (vectors, lengths, 2))


@native
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_those_of_edges_have_the_bits_of_their_directions(dtype: torch.dtype) -> None:
    liquid = make_liquid(100)
    graph = build_graph(liquid.positions, liquid.box, 1.7, dtype=dtype)
    assert torch.equal(edge_harmonics(graph, 3), spherical_harmonics(graph.directions, 3))
    moving = graph.vectors.requires_grad_()
    moved = Graph(graph.receivers, graph.senders, moving, 100, 100, 1.7)
    assert edge_harmonics(moved, 2).requires_grad
