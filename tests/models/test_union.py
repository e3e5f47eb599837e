"""Networks on a union graph or on two graphs, and decoders that see neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from equiglass import testing
from equiglass.data.configuration import Configuration
from equiglass.errors import InputError
from equiglass.geometry.graph import build_graph
from equiglass.geometry.union import EXTENT, union_graphs
from equiglass.models.propensity import PropensityModel
from equiglass.training.config import TrainConfig
from tests.conftest import make_complete
from tests.models.test_symmetry import CHECKS, make_model

UNION = {"inputs": {"graph": "union"}}
BOTH = {"inputs": {"graph": "both"}}
SETTINGS = [
    {**UNION, "directions": "both"},
    {**UNION, "directions": "thermal", "decoder": "neighbours", "l_max": 1},
    {**UNION, "readout": "last", "skip": "concatenate"},
    {"decoder": "neighbours", "dropout": 0.3},
    {**BOTH, "decoder": "neighbours", "rejoin": True},
    {**BOTH, "readout": "last"},
]
settings = pytest.mark.parametrize("options", SETTINGS)


def stirred(model: PropensityModel) -> PropensityModel:
    """Weights other than the first ones."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def graphs_of(c: Configuration, cutoff: float = 2.0):  # type: ignore[no-untyped-def]
    return union_graphs(c.inherent_positions, c.positions, c.box, cutoff, dtype=torch.float64)


def test_edges_are_those_of_both_graphs() -> None:
    c = make_complete()
    inherent, thermal = graphs_of(c)
    n = len(c)

    def pairs(graph):  # type: ignore[no-untyped-def]
        return set((graph.receivers * n + graph.senders).tolist())

    alone = [build_graph(p, c.box, 2.0, dtype=torch.float64)
             for p in (c.inherent_positions, c.positions)]  # fmt: skip
    assert pairs(inherent) == pairs(thermal) == pairs(alone[0]) | pairs(alone[1])
    assert len(pairs(alone[0]) ^ pairs(alone[1])) > 100  # so that the union says something
    # By brute force, with the image that is nearest.
    for graph, positions in zip((inherent, thermal), (c.inherent_positions, c.positions),
                                strict=True):  # fmt: skip
        i, j = graph.receivers.numpy(), graph.senders.numpy()
        vectors = positions[j] - positions[i]  # type: ignore[index]
        vectors -= c.box * np.round(vectors / c.box)
        np.testing.assert_allclose(graph.vectors.numpy(), vectors, atol=1e-12)
        assert graph.lengths.max() <= graph.cutoff == EXTENT * 2.0


def test_far_vectors_are_cut_and_two_images_refused() -> None:
    c = make_complete()
    moved = c.positions.copy()
    moved[0] = (moved[0] + 1.5) % c.box
    inherent, thermal = graphs_of(c.replace(inherent_positions=moved))
    assert thermal.lengths.max() > 2.4 and inherent.lengths.max() == pytest.approx(2.5)
    small = make_complete(80)  # a box of edge 4.05
    with pytest.raises(InputError, match="close by two images"):
        graphs_of(small.replace(inherent_positions=(small.positions + np.random.default_rng(0)
                  .normal(0, 0.3, small.positions.shape)) % small.box))  # fmt: skip


@settings
def test_symmetries(options: dict[str, object]) -> None:
    model, c = stirred(make_model(**options)), make_complete()
    for check in CHECKS:
        check(model, c)
    testing.assert_batch_independent(model, [c, make_complete(250, seed=2)])
    testing.assert_smooth_at_cutoff(model, c)
    testing.assert_slabs_agree(model, c)
    testing.assert_members_averaged(model, c)


def test_without_parity_rotations_hold() -> None:
    model = stirred(make_model(**{**SETTINGS[0], "parity": False}))
    testing.assert_rotation_invariant(model, make_complete())
    with pytest.raises(AssertionError, match="reflection"):
        testing.assert_reflection_invariant(model, make_complete())


def test_smooth_where_one_of_two_lengths_crosses_the_cutoff() -> None:
    model, c = stirred(make_model(**SETTINGS[0])), testing.cluster(make_complete(), 4.0)
    far = c.box * [0.9, 0.5, 0.5]

    def predicted(thermal: float) -> np.ndarray:
        """Of a pair apart from the others, whose inherent distance is beyond the cutoff."""
        changes = {}
        for name, distance in (("positions", thermal), ("inherent_positions", 2.1)):
            moved = getattr(c, name).copy()
            moved[0], moved[1] = far, far - [distance, 0, 0]
            changes[name] = moved
        return model.predict(c.replace(**changes))

    testing.assert_close(predicted(2 - 1e-6), predicted(2 + 1e-6), 1e-6, "jump at the cutoff")
    assert testing.relative_error(predicted(1.9), predicted(2.0)) > 1e-7


@settings
def test_kernel_and_specification_have_the_same_gradients(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    c, gradients = make_complete(200), []
    for backend in ("cpu", "reference"):
        monkeypatch.setenv("EQUIGLASS_KERNEL", backend)
        model = make_model(**{**options, "layers": 2, "dropout": 0.0}).train()
        model(model.inputs_of(c)).square().sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    for a, b in zip(*gradients, strict=True):
        assert a is not None and b is not None and a.abs().max() > 0
        testing.assert_close(a.numpy(), b.numpy(), 1e-9, "gradient")


def test_both_lengths_are_read() -> None:
    """A prediction on a union graph depends on the thermal positions of neighbours, too."""
    model, c = stirred(make_model(**{**SETTINGS[2], "layers": 1})), make_complete()
    bare = {"inputs": {"graph": "inherent"}, "layers": 1}
    for network, depends in ((model, True), (stirred(make_model(**bare)), False)):
        inputs = network.inputs_of(c)
        changed = network.inputs_of(c.replace(positions=c.positions + 0.02 * np.sin(c.positions)))
        # Everything but the edges is kept.
        same = [network.predict(c, inputs=i) for i in (
            inputs, type(inputs)(changed.edges, *(getattr(inputs, n) for n in (
                "types", "scalars", "vectors", "n_particles")), changed.thermal))]  # fmt: skip
        assert (np.abs(same[0] - same[1]).max() > 1e-6) == depends


def test_two_graphs_are_read() -> None:
    """Each by layers of its own: edges of one change what these alone say."""
    model, c = stirred(make_model(**{**BOTH, "layers": 2})), make_complete()
    inputs = model.inputs_of(c)
    assert inputs.thermal is not None and inputs.graph.n_edges != inputs.thermal.n_edges
    assert inputs.n_bytes > model.inputs_of(c).graph.vectors.nbytes * 2
    other = model.inputs_of(make_complete(seed=5))
    changed = replace(inputs, edges=other.edges), replace(inputs, thermal=other.thermal)
    network = model.networks[0]
    features = [network.represent(i).detach().numpy() for i in (inputs, *changed)]
    half = (features[0].shape[1] - model.config.inputs.n_scalars) // 2
    for found, (same, differs) in zip(
        features[1:], ((slice(half, None), slice(half)), (slice(half), slice(half, 2 * half))),
        strict=True,
    ):  # fmt: skip
        assert np.array_equal(features[0][:, same], found[:, same])
        assert np.abs(features[0][:, differs] - found[:, differs]).max() > 1e-4


@pytest.mark.parametrize("kind", ["botan", "twin"])
@pytest.mark.parametrize(("graph", "readers"), [("union", "se3 and eignn"), ("both", "se3")])
def test_others_read_one_graph(kind: str, graph: str, readers: str) -> None:
    asked = {"data": {"path": "x"}, "model": {"kind": kind, "inputs": {"graph": graph}}}
    message = rf"inputs\n.*graph: {graph} is read by networks of kind {readers} alone"
    with pytest.raises(ValidationError, match=message):
        TrainConfig.model_validate(asked)
    config = TrainConfig.model_validate({"data": {"path": "x"}, "model": UNION})
    assert config.model.inputs.required_fields[:2] == ("positions", "inherent_positions")
