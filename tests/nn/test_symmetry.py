"""Every layer keeps the symmetries that it claims, and the checks notice one that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from equiglass.geometry.graph import Graph, build_graph
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.kernels.paths import path_set
from equiglass.kernels.problem import ConvolutionProblem
from equiglass.nn.convolution import SteerableLayer
from equiglass.nn.decoder import Decoder
from equiglass.nn.radial import RadialFunctions, bessel_basis, smooth_cutoff
from equiglass.nn.steerable import (
    Gate,
    SteerableBatchNorm,
    SteerableLinear,
    degree,
    invariants,
)
from equiglass.testing.layers import (
    assert_equivariant,
    assert_graph_permutation_equivariant,
    assert_permutation_equivariant,
    assert_vanishes,
    renumbered,
    rotation_matrix,
    shuffled,
    wigner_matrices,
)
from tests.conftest import make_liquid

CUTOFF = 1.6
N, CHANNELS = 40, 3


def features(l_max: int, n: int = N, channels: int = CHANNELS) -> torch.Tensor:
    return torch.randn(n, (l_max + 1) ** 2, channels, dtype=torch.float64)


def randomised(layer: torch.nn.Module) -> torch.nn.Module:
    """No parameter or running statistic at the value it starts from, which could hide a fault."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn_like(parameter))
        for buffer in layer.buffers():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return layer.double()


def graph_of(n: int = 80) -> Graph:
    liquid = make_liquid(n)
    return build_graph(liquid.positions, liquid.box, CUTOFF, dtype=torch.float64)


def with_vectors(graph: Graph, vectors: torch.Tensor) -> Graph:
    return Graph(
        graph.receivers, graph.senders, vectors, graph.n_receivers, graph.n_senders, CUTOFF
    )


@pytest.mark.parametrize("reflect", [False, True])
def test_wigner_matrices_are_orthogonal_and_turn_vectors(reflect: bool) -> None:
    matrix = wigner_matrices(4, 0, reflect)
    assert torch.allclose(matrix @ matrix.T, torch.eye(25, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(matrix[1:4, 1:4], rotation_matrix(0, reflect), atol=1e-12)
    for l in range(5):
        block = matrix[l**2 : (l + 1) ** 2, l**2 : (l + 1) ** 2]
        assert torch.det(block) == pytest.approx((-1.0) ** l if reflect else 1.0)


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_linear(own: bool, reflect: bool) -> None:
    """With and without the receiver's own features, of lower degree than the sums."""
    paths = path_set(1, 2, 2, True)
    problem = ConvolutionProblem(paths, CHANNELS, CUTOFF)
    inputs = [(n + (own and l < 2)) * CHANNELS for l, n in enumerate(paths.per_l_out)]
    layer = randomised(SteerableLinear(inputs, 6, bias=True))

    def function(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        # Some of each degree's channels stand for its paths' sums.
        blocks = [degree(x, l)[..., : n * CHANNELS] for l, n in enumerate(paths.per_l_out)]
        sums = torch.cat([block.flatten() for block in blocks])
        result: torch.Tensor = layer(sums, y if own else None, problem, 0.3)
        return result

    arguments = features(2, channels=max(paths.per_l_out) * CHANNELS), features(1)
    assert_equivariant(function, arguments, ["features"] * 2, "features", reflect=reflect)
    assert_permutation_equivariant(function, arguments)


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("l_max", [0, 1, 3])
def test_batch_norm(l_max: int, training: bool, reflect: bool) -> None:
    layer = randomised(SteerableBatchNorm(l_max, CHANNELS)).train(training)
    x = 1.7 * features(l_max) + 0.4
    assert_equivariant(layer, [x], ["features"], "features", reflect=reflect)
    assert_permutation_equivariant(layer, [x])


def test_running_statistics_do_not_turn() -> None:
    """What a network learns about its features in training is the same in any axes."""
    x = features(3)
    statistics = []
    for matrix in (torch.eye(16, dtype=torch.float64), wigner_matrices(3, 5)):
        layer = SteerableBatchNorm(3, CHANNELS).double().train()
        layer(torch.einsum("ab,nbc->nac", matrix, x))
        statistics.append(torch.cat([layer.running_mean[None], layer.running_power]))
    assert torch.allclose(*statistics, rtol=1e-12)


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize("l_max", [0, 1, 3])
def test_gate(l_max: int, reflect: bool) -> None:
    layer = randomised(Gate(l_max, CHANNELS))
    assert_equivariant(layer, [features(l_max)], ["features"], "features", reflect=reflect)
    assert_permutation_equivariant(layer, [features(l_max)])


@pytest.mark.parametrize("reflect", [False, True])
@pytest.mark.parametrize("l_max", [0, 1, 3])
def test_invariants(l_max: int, reflect: bool) -> None:
    assert_equivariant(invariants, [features(l_max)], ["features"], "scalars", reflect=reflect)
    assert_permutation_equivariant(invariants, [features(l_max)])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("skip", ["concatenate", "residual", "none"])
@pytest.mark.parametrize("parity", [True, False])
def test_steerable_layer(parity: bool, skip: Any, training: bool) -> None:
    graph = graph_of()
    layer = SteerableLayer(CHANNELS, CHANNELS, 2, 2, 2, CUTOFF, parity=parity, skip=skip)
    randomised(layer).train(training)

    def on_graph(x: torch.Tensor, graph: Graph) -> torch.Tensor:
        result: torch.Tensor = layer(x, spherical_harmonics(graph.directions, 2), graph)
        return result

    def on_vectors(x: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        return on_graph(x, with_vectors(graph, vectors))

    x = features(2, graph.n_senders)
    symmetry: dict[str, Any] = {"kinds": ["features", "vectors"], "result": "features"}
    assert_equivariant(on_vectors, [x, graph.vectors], **symmetry)
    assert_graph_permutation_equivariant(on_graph, x, graph)
    if parity:
        assert_equivariant(on_vectors, [x, graph.vectors], reflect=True, **symmetry)
    else:
        with pytest.raises(AssertionError, match="reflection"):
            assert_equivariant(on_vectors, [x, graph.vectors], reflect=True, **symmetry)


@pytest.mark.parametrize("width", [0, 8])
def test_decoder(width: int) -> None:
    layer = randomised(Decoder(5, 2, 4, width=width)).eval()
    types = (torch.arange(N) % 3 == 0).long()
    assert_permutation_equivariant(layer, [torch.randn(N, 5, dtype=torch.float64), types])


def test_radial_functions_vanish_with_two_derivatives() -> None:
    assert_vanishes(randomised(RadialFunctions(2, CHANNELS, CUTOFF)), CUTOFF)
    assert_vanishes(lambda r: smooth_cutoff(r, CUTOFF), CUTOFF)
    with pytest.raises(AssertionError, match="derivative 1"):
        assert_vanishes(lambda r: (CUTOFF - r).clamp(min=0), CUTOFF)
    with pytest.raises(AssertionError, match="derivative 2"):
        assert_vanishes(lambda r: (CUTOFF - r).clamp(min=0) ** 2, CUTOFF)
    with pytest.raises(AssertionError, match="derivative 0"):
        assert_vanishes(lambda r: 1 + bessel_basis(r, CUTOFF, 2), CUTOFF)


def _bias_of_vectors(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x[:, :1], x[:, 1:] + 0.1], dim=1)


def _component_by_component(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.silu(x)


def _one_component(x: torch.Tensor) -> torch.Tensor:
    return x * torch.tensor([1.0, 1.0, 1.0, 1.01], dtype=x.dtype)[:, None]


@pytest.mark.parametrize("broken", [_bias_of_vectors, _component_by_component, _one_component])
def test_broken_layers_are_noticed(broken: Callable[[torch.Tensor], torch.Tensor]) -> None:
    with pytest.raises(AssertionError, match="rotation: relative error"):
        assert_equivariant(broken, [features(1)], ["features"], "features")


def test_layers_that_count_particles_are_noticed() -> None:
    def numbered(x: torch.Tensor) -> torch.Tensor:
        return x * torch.arange(1.0, len(x) + 1, dtype=x.dtype)[:, None, None]

    with pytest.raises(AssertionError, match="permutation: relative error"):
        assert_permutation_equivariant(numbered, [features(1)])
    graph = graph_of()
    with pytest.raises(AssertionError, match="permutation: relative error"):
        assert_graph_permutation_equivariant(
            lambda x, graph: numbered(x), features(1, graph.n_senders), graph
        )

    def first_edge(x: torch.Tensor, graph: Graph) -> torch.Tensor:
        return graph.lengths[graph.receiver_start[:-1]]

    with pytest.raises(AssertionError, match="permutation|order of edges"):
        assert_graph_permutation_equivariant(first_edge, features(0, graph.n_senders), graph)


def test_renumbered_and_shuffled_graphs_hold_the_same_edges() -> None:
    graph = graph_of()
    order = torch.randperm(graph.n_senders)
    for other, name in (
        (shuffled(graph), torch.arange(graph.n_senders)),
        (renumbered(graph, order), order),
    ):
        assert not torch.equal(other.senders, graph.senders)
        key = name[other.receivers] * graph.n_senders + name[other.senders]
        back = key.argsort()
        assert torch.equal(name[other.senders][back], graph.senders)
        assert torch.equal(other.vectors[back], graph.vectors)
