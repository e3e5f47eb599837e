"""Checks that hold for every model, whatever its network: one line for each in a test."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.configuration import POSITION_FIELDS, Configuration
from ..models.averaging import average
from ..models.evaluating import as_array, evaluating
from ..models.graph_inputs import batch_inputs
from ..models.propensity import PropensityModel
from .comparison import TOLERANCE, assert_close
from .transforms import (
    cluster,
    random_rotation,
)


def _tolerance(model: PropensityModel, tolerance: float | None) -> float:
    return TOLERANCE[model.target_mean.dtype] if tolerance is None else tolerance


def assert_rotation_invariant(
    model: PropensityModel,
    configuration: Configuration,
    *,
    seed: int = 0,
    reflect: bool = False,
    tolerance: float | None = None,
) -> None:
    """Predictions do not change when a cluster is rotated by any angle (or reflected)."""
    isolated = cluster(configuration, 2 * model.config.cutoff)
    turned = isolated.rotated(random_rotation(seed, reflect=reflect))
    assert_close(
        model.predict(turned),
        model.predict(isolated),
        _tolerance(model, tolerance),
        "reflection" if reflect else "rotation",
    )


def assert_reflection_invariant(
    model: PropensityModel, configuration: Configuration, **options: float
) -> None:
    """Predictions do not change under a reflection; holds for models with ``parity``."""
    assert_rotation_invariant(model, configuration, reflect=True, **options)  # type: ignore[arg-type]


def assert_box_symmetric(
    model: PropensityModel, configuration: Configuration, *, tolerance: float | None = None
) -> None:
    """Predictions do not change when the periodic box is turned by 90 degrees about each axis."""
    expected = model.predict(configuration)
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        matrix = np.eye(3)
        matrix[[a, b]] = matrix[[b, a]]
        matrix[a] *= -1
        assert_close(
            model.predict(configuration.transformed(matrix)),
            expected,
            _tolerance(model, tolerance),
            f"quarter turn about {'xyz'[axis]}",
        )


def assert_translation_invariant(
    model: PropensityModel,
    configuration: Configuration,
    *,
    shift: Sequence[float] = (0.37, -11.3, 4.9),
    tolerance: float | None = None,
) -> None:
    """Predictions do not change when all positions are shifted through the periodic box."""
    assert_close(
        model.predict(configuration.shifted(shift)),
        model.predict(configuration),
        _tolerance(model, tolerance),
        "shift",
    )


def assert_permutation_equivariant(
    model: PropensityModel,
    configuration: Configuration,
    *,
    seed: int = 0,
    tolerance: float | None = None,
) -> None:
    """Renumbering the particles renumbers the predictions."""
    order = np.random.default_rng(seed).permutation(len(configuration))
    assert_close(
        model.predict(configuration.permuted(order)),
        model.predict(configuration)[:, order],
        _tolerance(model, tolerance),
        "permutation",
    )


def assert_batch_independent(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    *,
    tolerance: float | None = None,
) -> None:
    """A batch of many configurations gives what each gives alone."""
    inputs = [model.inputs_of(c) for c in configurations]
    with evaluating(model):
        together = as_array(model(batch_inputs(inputs)))
        alone = np.concatenate([as_array(model(i)) for i in inputs])
    assert_close(together, alone, _tolerance(model, tolerance), "batch of many")


def assert_smooth_at_cutoff(
    model: PropensityModel, configuration: Configuration, *, step: float = 1e-6
) -> None:
    """Moving a particle across the cutoff of another changes predictions by no more than ``step``.

    Two particles are put at the cutoff's distance, a little nearer and a little farther.
    """
    c = cluster(configuration, 2 * model.config.cutoff).without_targets()
    far = np.array([c.box[0] * 0.95, c.box[1] * 0.5, c.box[2] * 0.5])

    def with_pair(distance: float) -> NDArray[np.floating]:
        changes = {}
        for name in POSITION_FIELDS:
            if getattr(c, name) is not None:
                moved = getattr(c, name).copy()
                moved[0] = far
                moved[1] = far - np.array([distance, 0.0, 0.0])
                changes[name] = moved
        return model.predict(c.replace(**changes))

    cutoff = model.config.cutoff
    assert_close(
        with_pair(cutoff - step / 2), with_pair(cutoff + step / 2), 10 * step, "jump at the cutoff"
    )


def assert_slabs_agree(
    model: PropensityModel,
    configuration: Configuration,
    *,
    n_slabs: int = 4,
    tolerance: float | None = None,
) -> None:
    """A prediction slab by slab is that of the whole, in as many steps as announced.

    Holds trivially for networks that need all edges at once.
    """
    size = -(-len(configuration) // n_slabs)
    steps: list[None] = []
    found = model.predict(configuration, slab_size=size, advance=lambda: steps.append(None))
    assert_close(found, model.predict(configuration), _tolerance(model, tolerance), "slabs")
    expected = model.n_steps(len(configuration), size)
    assert len(steps) == expected, f"{len(steps)} steps were taken, {expected} announced"


def assert_members_averaged(
    model: PropensityModel, configuration: Configuration, *, tolerance: float | None = None
) -> None:
    """A model made of this one twice over, once with shifted units, predicts the same."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        # The same predictions in sigma, said in other standard units.
        for member in other.networks:
            ones = torch.ones_like(model.target_std)
            member.rescale_output(0.5 * ones, -0.25 * ones)
        other.target_mean.add_(0.5 * other.target_std)
        other.target_std.mul_(2)
    assert_close(
        average([model, other]).predict(configuration),
        model.predict(configuration),
        _tolerance(model, tolerance),
        "average of members",
    )
