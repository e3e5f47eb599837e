"""Symmetry checks as functions: one line for each model and layer.

Each check raises AssertionError, with the largest relative error, if a symmetry is broken by more
than rounding. The error is max |a - b| / max |b|.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from .data.configuration import POSITION_FIELDS, Configuration
from .geometry.periodic import wrap
from .models.inputs import batch_inputs
from .models.propensity import PropensityModel

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
Predictor = Callable[[Configuration], NDArray[np.floating]]


def relative_error(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Max |found - expected| / max |expected|."""
    scale = float(np.abs(expected).max())
    return float(np.abs(found - expected).max()) / (scale if scale > 0 else 1.0)


def assert_close(
    found: NDArray[np.floating], expected: NDArray[np.floating], tolerance: float, what: str
) -> None:
    """Raise AssertionError if the relative error is above the tolerance."""
    error = relative_error(found, expected)
    assert error < tolerance, f"{what}: relative error {error:.3g}, tolerance {tolerance:g}"


def _tolerance(model: PropensityModel, tolerance: float | None) -> float:
    return TOLERANCE[model.target_mean.dtype] if tolerance is None else tolerance


def transformed(configuration: Configuration, matrix: NDArray[np.floating]) -> Configuration:
    """A configuration under a signed permutation of the axes, which keeps the box orthorhombic.

    Any rotation is tested on clusters by :func:`assert_rotation_invariant`.
    """
    box = np.abs(matrix @ configuration.box)
    changes = {
        name: wrap(getattr(configuration, name) @ matrix.T, box, configuration.periodic)
        for name in POSITION_FIELDS
        if getattr(configuration, name) is not None
    }
    return configuration.replace(box=box, **changes)


def cluster(configuration: Configuration, margin: float) -> Configuration:
    """The same particles in the middle of a box so large that no image is near.

    Positions are unfolded about the box's centre; differences to other position fields are kept.
    """
    c = configuration
    radius = np.linalg.norm(c.box) / 2 + margin
    box = np.full(3, 4 * radius)
    centre = box / 2
    base = c.positions - c.box / 2 + centre
    changes = {"positions": base}
    for name in POSITION_FIELDS[1:]:
        if getattr(c, name) is not None:
            changes[name] = base + c.displacement(name)
    return c.replace(box=box, **changes)


def random_rotation(seed: int, *, reflect: bool = False) -> NDArray[np.float64]:
    """A rotation drawn uniformly, or a rotation times a reflection."""
    from scipy.stats import special_ortho_group

    matrix = special_ortho_group.rvs(3, random_state=seed)
    result: NDArray[np.float64] = -matrix if reflect else matrix
    return result


def _rotated(configuration: Configuration, matrix: NDArray[np.floating]) -> Configuration:
    centre = configuration.box / 2
    changes = {
        name: (getattr(configuration, name) - centre) @ matrix.T + centre
        for name in POSITION_FIELDS
        if getattr(configuration, name) is not None
    }
    return configuration.replace(**changes)


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
    turned = _rotated(isolated, random_rotation(seed, reflect=reflect))
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
            model.predict(transformed(configuration, matrix)),
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
    c = configuration
    changes = {
        name: wrap(getattr(c, name) + np.asarray(shift), c.box, c.periodic)
        for name in POSITION_FIELDS
        if getattr(c, name) is not None
    }
    assert_close(
        model.predict(c.replace(**changes)), model.predict(c), _tolerance(model, tolerance), "shift"
    )


def assert_permutation_equivariant(
    model: PropensityModel,
    configuration: Configuration,
    *,
    seed: int = 0,
    tolerance: float | None = None,
) -> None:
    """Renumbering the particles renumbers the predictions."""
    c = configuration
    order = np.random.default_rng(seed).permutation(len(c))
    changes = {
        name: getattr(c, name)[order]
        for name in ("types", *POSITION_FIELDS, "thermal_energy", "inherent_energy")
        if getattr(c, name) is not None
    }
    dropped = dict.fromkeys(
        (
            "times",
            "propensity",
            "propensity_error",
            "propensity_halves",
            "bond_breaking",
            "end_positions",
        )
    )
    permuted = c.replace(**changes, **dropped)
    assert_close(
        model.predict(permuted),
        model.predict(c)[:, order],
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
    evaluated = copy.deepcopy(model).eval()
    inputs = [evaluated.inputs_of(c) for c in configurations]
    with torch.no_grad():
        together = evaluated(batch_inputs(inputs)).cpu().numpy()
        alone = np.concatenate([evaluated(i).cpu().numpy() for i in inputs])
    assert_close(together, alone, _tolerance(model, tolerance), "batch of many")


def assert_smooth_at_cutoff(
    model: PropensityModel, configuration: Configuration, *, step: float = 1e-6
) -> None:
    """Moving a particle across the cutoff of another changes predictions by no more than ``step``.

    Two particles are put at the cutoff's distance, a little nearer and a little farther.
    """
    c = cluster(configuration, 2 * model.config.cutoff).replace(
        times=None,
        propensity=None,
        propensity_error=None,
        propensity_halves=None,
        bond_breaking=None,
        end_positions=None,
    )
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
