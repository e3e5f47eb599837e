"""What holds for every network, on every network of the registry.

A new network is one line of ``CASES``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from pydantic import TypeAdapter

from equiglass import testing
from equiglass.errors import InputError
from equiglass.models.propensity import PropensityModel, evaluating
from equiglass.models.registry import KINDS, NETWORKS, NetworkConfig, network_class
from equiglass.training.config import TrainConfig
from tests.conftest import make_complete


@dataclass(frozen=True)
class Case:
    """Small settings of a network, and what holds for it beside what holds for all."""

    settings: dict[str, object]
    reflections: bool = False
    smooth: bool = False
    # Of descriptors, which freud computes in single precision.
    tolerance: float = 1e-12


SMALL_SHELLS = {"near": [0.8, 2.0, 0.3], "far": [2.2, 3.0, 0.4], "angular": [1.2, 1.4, 0.2]}
FEW_SHELLS = {"near": [1, 1, 0.1], "far": [2, 2, 0.3], "angular": [1.2, 1.2, 0.2], "generations": 1}
CASES = {
    "se3": Case({"layers": 2, "channels": 4}, reflections=True, smooth=True),
    "twin": Case({"layers": 2, "channels": 4}, smooth=True),
    "bapst": Case({"width": 8, "rounds": 2}),
    "botan": Case({"width": 8, "rounds": 2}),
    "eignn": Case({"channels": 8, "layers": 2}),
    "descriptors": Case({**SMALL_SHELLS, "l_max": 4}, reflections=True, tolerance=1e-4),
    "descriptors_mlp": Case(
        {**FEW_SHELLS, "l_max": 2, "inputs": {"energies": ["inherent"], "coarse": [0.8]}},
        reflections=True,
        tolerance=1e-4,
    ),
    # Where the Gaussian ends its weight is one in ninety, too little to be seen.
    "coarse_energy": Case({"widths": [0.5, 1.0]}, reflections=True, smooth=True),
}
kinds = pytest.mark.parametrize("kind", NETWORKS)


def random_model(kind: str) -> PropensityModel:
    """Random weights, input statistics like those of :func:`make_complete`, units of its own."""
    config = TypeAdapter(NetworkConfig).validate_python({"kind": kind, **CASES[kind].settings})
    model = PropensityModel(config, 2, (1.0, 10.0)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        scalars = model.inputs_of(make_complete()).scalars
        for t in (0, 1):
            if scalars.shape[1]:
                spread = scalars.std(dim=0)
                model.set_input_statistics(t, scalars.mean(dim=0), spread.where(spread > 0, 1.0))
        model.target_mean.add_(0.3)
        model.target_std.mul_(0.1)
    return model


def test_every_kind_has_a_case() -> None:
    assert list(CASES) == list(NETWORKS)


@kinds
@pytest.mark.parametrize(
    "check",
    [
        testing.assert_translation_invariant,
        testing.assert_permutation_equivariant,
        testing.assert_slabs_agree,
        testing.assert_members_averaged,
    ],
)
def test_holds(kind: str, check) -> None:  # type: ignore[no-untyped-def]
    check(random_model(kind), make_complete(), tolerance=CASES[kind].tolerance)


@kinds
def test_batch(kind: str) -> None:
    members = [make_complete(seed=1), make_complete(n=250, seed=2), make_complete(seed=3)]
    testing.assert_batch_independent(random_model(kind), members)


@kinds
def test_rotations(kind: str) -> None:
    """A turned configuration has the same predictions, exactly where the class says so."""
    model, c, tolerance = random_model(kind), make_complete(), CASES[kind].tolerance
    checks = [testing.assert_rotation_invariant, testing.assert_box_symmetric]
    if CASES[kind].reflections:
        checks.append(testing.assert_reflection_invariant)
    for check in checks:
        if network_class(model.config).is_equivariant:
            check(model, c, tolerance=tolerance)
        else:
            with pytest.raises(AssertionError, match="relative error"):
                check(model, c, tolerance=tolerance)


@kinds
def test_cutoff(kind: str) -> None:
    if CASES[kind].smooth:
        testing.assert_smooth_at_cutoff(random_model(kind), make_complete())
    else:
        # An edge is there or not; a shell ends at three widths.
        with pytest.raises(AssertionError, match="jump"):
            testing.assert_smooth_at_cutoff(random_model(kind), make_complete())


@kinds
def test_settings_come_back(kind: str) -> None:
    """From a configuration file and back, as the class that the registry names."""
    config = random_model(kind).config
    stored = TrainConfig.model_validate({"data": {"path": "x"}, "model": config.model_dump()})
    assert stored.model == config
    assert type(stored.model) is NETWORKS[kind].settings
    again = TrainConfig.model_validate_json(stored.model_dump_json())
    assert again == stored


def test_unknown_kind_lists_all() -> None:
    with pytest.raises(ValueError, match=f"use {KINDS}"):
        TypeAdapter(NetworkConfig).validate_python({"kind": "botanic"})
    assert all(kind in KINDS for kind in NETWORKS)


@kinds
def test_mode_is_restored(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after an error, and for a model of which one part is not in training."""
    model = random_model(kind).train()
    members = model.networks
    members[0].eval()
    c = make_complete().without_targets()
    model.predict(c)
    assert model.training and not members[0].training

    def fail(*_: object) -> None:
        assert not model.training
        raise RuntimeError("in the middle")

    for method in ("represent", "layer_features", "decode"):
        monkeypatch.setattr(type(members[0]), method, fail)
    for call in (model.predict, model.represent, model.order_parameter, model.layer_features):
        with pytest.raises(RuntimeError, match="in the middle"):
            call(c)
        assert model.training and not members[0].training
    with evaluating(model):
        assert not torch.is_grad_enabled()


@kinds
def test_gradients_reach_what_is_trained(kind: str) -> None:
    """Processes that train together wait for those of every parameter that wants one."""
    if network_class(random_model(kind).config).solved:
        return
    model = random_model(kind).train()
    network = model.networks[0]
    network(model.inputs_of(make_complete())).square().sum().backward()
    without = [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert not without


@kinds
def test_layers_are_read_of_one_kind(kind: str) -> None:
    model = random_model(kind)
    if kind == "se3":
        assert len(model.layer_features(make_complete())) == 3
        return
    with pytest.raises(InputError, match=rf"model\.kind: .*expected se3, found {kind}"):
        model.layer_features(make_complete())


@kinds
def test_one_line(kind: str) -> None:
    text = repr(random_model(kind))
    assert "\n" not in text and kind in text and len(text) < 120


def test_descriptors_have_no_graph() -> None:
    inputs = random_model("descriptors").inputs_of(make_complete())
    assert inputs.edges is None
    with pytest.raises(ValueError, match="no graph"):
        _ = inputs.graph
    assert inputs.n_bytes == inputs.types.nbytes + inputs.scalars.nbytes
