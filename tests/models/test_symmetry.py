"""Symmetries of the whole network, in double and single precision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from equiglass import testing
from equiglass.errors import InputError
from equiglass.models.evaluating import evaluating, predict_in_slabs
from equiglass.models.inputs import InputSpec
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete, make_liquid

CHECKS = [
    testing.assert_rotation_invariant,
    testing.assert_reflection_invariant,
    testing.assert_translation_invariant,
    testing.assert_permutation_equivariant,
    testing.assert_box_symmetric,
]


def make_model(dtype: torch.dtype = torch.float64, **settings: object) -> PropensityModel:
    torch.manual_seed(7)
    config = SE3Config.model_validate({"layers": 3, "channels": 4, **settings})
    model = PropensityModel(config, 2, (1.0, 2.0)).to(dtype)
    if config.inputs.energies:
        # Energies near -7 would drown everything else in single precision.
        for t in (0, 1):
            model.set_input_statistics(
                t, torch.tensor([-7.0, -7.6, 0.0]), torch.tensor([0.3, 0.2, 1.0])
            )
    return model.eval()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("check", CHECKS)
def test_symmetry(check: Callable[..., None], dtype: torch.dtype) -> None:
    check(make_model(dtype), make_complete())


@pytest.mark.parametrize(
    "settings",
    [
        {"l_max": 1},
        {"l_max": 2, "skip": "concatenate", "gate": False},
        {"l_max": 4, "layers": 2, "skip": "none", "readout": "last"},
        {"l_max": 0, "batch_norm": False, "decoder_width": 0},
        {"inputs": InputSpec(graph="thermal", energies=(), displacements=())},
        {"channels": 9},
    ],
)
def test_symmetry_of_every_setting(settings: dict[str, object]) -> None:
    model = make_model(**settings)
    for check in (testing.assert_rotation_invariant, testing.assert_reflection_invariant):
        check(model, make_complete())


def test_without_parity_rotations_hold_and_reflections_do_not() -> None:
    model = make_model(parity=False)
    testing.assert_rotation_invariant(model, make_complete())
    with pytest.raises(AssertionError, match="reflection"):
        testing.assert_reflection_invariant(model, make_complete())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_batch_of_many(dtype: torch.dtype) -> None:
    configurations = [make_complete(seed=1), make_complete(n=250, seed=2), make_complete(seed=3)]
    testing.assert_batch_independent(make_model(dtype), configurations)


def test_smooth_at_the_cutoff() -> None:
    testing.assert_smooth_at_cutoff(make_model(), make_complete())


def test_a_check_can_fail() -> None:
    """A model that reads a coordinate is caught."""
    model = make_model()
    original = model.inputs_of

    def cheating(configuration):  # type: ignore[no-untyped-def]
        inputs = original(configuration)
        inputs.scalars[:, 0] += torch.from_numpy(configuration.positions[:, 0])
        return inputs

    model.inputs_of = cheating  # type: ignore[method-assign]
    for check in CHECKS[:3]:
        with pytest.raises(AssertionError):
            check(model, make_complete())


def test_particle_without_neighbours() -> None:
    """An isolated particle gets a finite prediction that depends on its own inputs alone."""
    liquid = make_complete()
    isolated = testing.cluster(liquid, 4.0)
    positions = isolated.positions.copy()
    inherent = isolated.inherent_positions.copy()  # type: ignore[union-attr]
    for corner in (0.02, 0.97):
        shift = isolated.box * corner - positions[0]
        positions[0] += shift
        inherent[0] += shift
        moved = isolated.replace(positions=positions, inherent_positions=inherent)
        prediction = make_model().predict(moved)[:, 0]
        if corner == 0.02:
            first = prediction
    assert abs(first - prediction).max() < 1e-12 * abs(first).max()


@pytest.mark.parametrize("settings", [{}, {"readout": "last", "skip": "concatenate"}])
def test_slabs_predict_the_same(settings: dict[str, object]) -> None:
    model, configuration = make_model(**settings), make_complete(600)
    steps = []
    found = model.predict(configuration, slab_size=150, advance=lambda: steps.append(1))
    expected = model.predict(configuration)
    assert testing.relative_error(found, expected) < 1e-12
    assert len(steps) == model.n_steps(600, 150) == 12
    representation = model.represent(configuration, slab_size=150)
    assert testing.relative_error(representation, model.represent(configuration)) < 1e-12


def test_what_is_missing_is_named_in_slabs_too() -> None:
    for ask in (make_model().predict, make_model().represent):
        with pytest.raises(InputError, match="inherent_positions"):
            ask(make_liquid(600), slab_size=150)


def test_kept_edges_predict_the_same_to_the_bit() -> None:
    model, configuration = make_model(), make_complete(600)
    plan = model.budget(configuration, 150)
    assert plan is not None and plan.keep > plan.edges > 0
    assert model.budget(configuration, 600) is None
    with evaluating(model):
        none, some, everything = (
            predict_in_slabs(model, configuration, 150, lambda: None, keep)[1]
            for keep in (0, plan.edges // 3, plan.keep)
        )
    assert torch.equal(none, some) and torch.equal(none, everything)
    with pytest.raises(InputError, match=r"needs more memory \(expected at least .* GB, found"):
        model.predict(configuration, slab_size=150, memory=10**7)
