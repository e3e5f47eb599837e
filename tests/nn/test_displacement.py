"""The layers of EIGNN's network, against its formulas particle by particle."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from equiglass.geometry.graph import build_graph
from equiglass.geometry.union import union_graphs
from equiglass.kernels.harmonics import spherical_harmonics
from equiglass.kernels.paths import clebsch_gordan
from equiglass.models.eignn import EIGNNConfig, EIGNNNetwork
from equiglass.nn.displacement import DisplacementLayer, GraphNorm, PairEdges, harmonics_of
from equiglass.nn.edge_sums import Ends
from tests.conftest import make_complete

DEGREES = [slice(0, 1), slice(1, 4), slice(4, 9)]


@pytest.fixture
def edges() -> PairEdges:
    c = make_complete(150)
    inherent, thermal = union_graphs(
        c.inherent_positions, c.positions, c.box, 1.6, dtype=torch.float64
    )
    found = PairEdges.of(inherent, thermal, 1.6, 4)
    r, s = inherent.lengths, thermal.lengths
    # Bessel functions end at 1.25 cutoffs, to which longer vectors are cut.
    n = torch.arange(1, 5, dtype=torch.float64)
    bessel = [torch.sin(n * torch.pi * x[:, None] / 2) / x[:, None] for x in (r, s)]
    expected = torch.cat([(r - s)[:, None], *bessel], dim=1)
    assert torch.allclose(found.features, expected, atol=1e-12)
    assert float(s.max()) <= 2 + 1e-12 and (r > 1.6).any() and (s > 1.6).any()
    return found


def plain_layer(
    layer: DisplacementLayer, x: torch.Tensor, v: torch.Tensor, edges: PairEdges
) -> tuple[torch.Tensor, torch.Tensor]:
    """One particle and one neighbour after another; before the norms."""
    silu = torch.nn.functional.silu
    pairs = list(zip(edges.receivers.particles.tolist(), edges.senders.particles.tolist(),
                     strict=True))  # fmt: skip
    of = {i: [e for e, (a, _) in enumerate(pairs) if a == i] for i in range(len(x))}
    weighted = []
    for e, (i, j) in enumerate(pairs):
        w = layer.edge_weights(silu(layer.edge_hidden(torch.cat([x[i], x[j], edges.features[e]]))))
        weighted.append(
            torch.cat([silu(w)[l] * edges.harmonics[e, m] for l, m in enumerate(DEGREES)])
        )
    new_x, new_v = [], []
    for i, own in of.items():
        mean = torch.stack([weighted[e] for e in own]).mean(dim=0) if own else torch.zeros(9)
        mean = mean.double()
        by_degree: list[list[torch.Tensor]] = [[], [], []]
        for c in range(3):
            for a in range(3):
                for b in range(abs(a - c), min(a + c, 2) + 1):
                    table = clebsch_gordan((a, b, c))
                    by_degree[c].append(
                        torch.einsum("abm,a,b->m", table, v[i, DEGREES[a]], mean[DEGREES[b]])
                    )
        new_x.append(layer.join(torch.cat([x[i], *by_degree[0]])))
        new_v.append(
            torch.cat(
                [
                    sum(w * y for w, y in zip(layer.mix[c], by_degree[c], strict=True))  # type: ignore[misc]
                    for c in range(3)
                ]
            )
        )
    result = []
    for i, own in of.items():
        messages = []
        for e in own:
            j = pairs[e][1]
            dots = [weighted[e][m] @ new_v[j][m] / len(new_v[j][m]) ** 0.5 for m in DEGREES]
            squares = [(new_v[i][m] - new_v[j][m]).square().sum() for m in DEGREES]
            gate = torch.sigmoid(
                layer.gate(torch.cat([edges.features[e], torch.stack([*dots, *squares])]))
            )
            messages.append(gate * silu(layer.values(new_x[j])))
        result.append(new_x[i] + (torch.stack(messages).mean(dim=0) if own else 0))
    return torch.stack(result), torch.stack(new_v)


def test_layer_is_that_of_the_formulas(edges: PairEdges) -> None:
    torch.manual_seed(1)
    n = len(edges.counts)
    layer = DisplacementLayer(5, edges.features.shape[1]).double()
    x, v = torch.randn(n, 5, dtype=torch.float64), torch.randn(n, 9, dtype=torch.float64)
    layer.steerable_norm = torch.nn.Identity()  # type: ignore[assignment]
    found_x, found_v = layer(x, v, edges, (n,))
    expected_x, expected_v = plain_layer(layer, x, v, edges)
    assert torch.allclose(found_v, expected_v, atol=1e-10)
    assert torch.allclose(found_x, layer.scalar_norm(expected_x, (n,)), atol=1e-10)


def test_norm_of_each_configuration_alone() -> None:
    norm = GraphNorm(3)
    x = torch.randn(30, 3) * 4 + 2
    with torch.no_grad():
        norm.scale.copy_(torch.tensor([1.0, 2.0, 3.0]))
    both = norm(x, (10, 20))
    assert torch.allclose(both[:10], norm(x[:10], (10,)), atol=1e-6)
    assert torch.allclose(both[10:].std(dim=0, correction=0), norm.scale, atol=1e-3)
    with torch.no_grad():
        norm.share.zero_()
    expected = norm.scale * x / (x.square().mean(dim=0) + 1e-5).sqrt()
    assert torch.allclose(norm(x, (30,)), expected, atol=1e-5)


def test_ends_and_their_gradients() -> None:
    n = 30
    c = make_complete(n)
    graph = build_graph(c.positions, c.box, 1.1)
    for ends in (Ends.receivers(graph), Ends.senders(graph)):
        x = torch.randn(n, 2, dtype=torch.float64, requires_grad=True)
        y = torch.randn(len(ends.particles), 2, dtype=torch.float64, requires_grad=True)
        assert torch.equal(ends.select(x), x[ends.particles])
        assert torch.allclose(ends.sum(y), torch.zeros_like(x).index_add(0, ends.particles, y))
        assert torch.autograd.gradcheck(ends.select, x) and torch.autograd.gradcheck(ends.sum, y)


def test_particles_without_neighbours_or_displacement() -> None:
    positions = np.array([[1.0, 1, 1], [5.0, 5, 5], [1.9, 1, 1]])
    graphs = union_graphs(positions, positions, np.full(3, 9.0), 1.5)
    edges = PairEdges.of(*graphs, 1.5, 4)
    assert edges.counts.flatten().tolist() == [1, 0, 1]
    assert edges.mean(torch.ones(2, 1)).flatten().tolist() == [1, 0, 1]
    nothing = PairEdges.of(
        *union_graphs(positions[:2], positions[:2], np.full(3, 9.0), 1.5), 1.5, 4
    )
    assert nothing.mean(torch.ones(0, 2)).tolist() == [[0, 0], [0, 0]]
    zero = harmonics_of(torch.zeros(1, 3))
    assert zero[0, 0] == 1 and not zero[0, 1:].any()
    v = torch.randn(4, 3)
    assert torch.allclose(harmonics_of(v), spherical_harmonics(v / v.norm(dim=1)[:, None], 2))
    assert len(Ends.receivers(graphs[0]).particles) == 2


def test_network_has_the_published_size() -> None:
    """46,742 parameters, without those that nothing reads; here with a bias of each output."""
    config = EIGNNConfig.model_validate({"inputs": {"graph": "union", "energies": ["inherent"]}})
    network = EIGNNNetwork(config, 2, 10)
    unread = sum(p.numel() for p in network.layers[-1].steerable_norm.parameters())  # type: ignore[union-attr]
    count = sum(p.numel() for p in network.parameters())
    assert count - unread - network.decoder.bias.numel() == 46_742


@pytest.mark.parametrize(
    "inputs",
    [{}, {"graph": "union", "displacements": []}, {"graph": "union", "displacements": ["cage"]}],
)
def test_other_inputs_are_refused(inputs: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"eignn have graph: union, displacements: \[inherent\]"):
        EIGNNConfig.model_validate({"inputs": inputs})
