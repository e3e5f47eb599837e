"""Coarse-grained energies: against a sum over images, as a named predictor and as a model."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import from_configurations
from equiglass.errors import InputError
from equiglass.geometry.smoothing import REACH, gaussian_averages
from equiglass.models.coarse import CoarseEnergy, coarse_energies
from equiglass.models.descriptors import DescriptorConfig, DescriptorInputs, descriptors
from equiglass.models.ridge import ridge
from equiglass.training.config import TrainConfig
from equiglass.training.run import train
from tests.conftest import make_complete


def by_images(c: Configuration, values: np.ndarray, width: float, layers: int) -> np.ndarray:
    """The average by its definition, over every image of so many boxes around."""
    up = range(-layers, layers + 1)
    total, norm = np.zeros(len(c)), np.zeros(len(c))
    for shift in product(up, up, up if c.periodic[2] else [0]):
        apart = c.positions[:, None] - (c.positions + np.array(shift) * c.box)[None]
        square = (apart.astype(np.float64) ** 2).sum(axis=2)
        weight = np.where(square <= (REACH * width) ** 2, np.exp(-square / (2 * width**2)), 0)
        total, norm = total + weight @ values, norm + weight.sum(axis=1)
    return total / norm


@pytest.mark.parametrize("periodic", [(True, True, True), (True, True, False)])
def test_gaussian_average_is_its_definition(periodic: tuple[bool, bool, bool]) -> None:
    """Also where the Gaussian reaches farther than the box, and in a layer that is open along z."""
    c = make_complete(120).replace(periodic=periodic)
    values = np.random.default_rng(0).normal(size=len(c))
    found = gaussian_averages(c.positions, c.box, values, (0.7, 2.0), c.periodic)
    for k, (width, layers) in enumerate(((0.7, 1), (2.0, 2))):
        assert np.allclose(found[:, k], by_images(c, values, width, layers), atol=1e-6)
    constant = gaussian_averages(c.positions, c.box, np.full(len(c), -7.0), (1.0,), c.periodic)
    assert np.allclose(constant, -7)


def made_of(c: Configuration, width: float) -> Configuration:
    """Labels that are the energy averaged over one width, upside down, and noise."""
    noise = 0.001 * np.random.default_rng(c.index or 0).normal(size=(2, len(c)))
    labels = -coarse_energies(c, "inherent", (width,)).T + noise
    return c.replace(propensity=labels, propensity_error=None, propensity_halves=None)


def test_the_width_is_found_and_stored(tmp_path: Path) -> None:
    members = [made_of(make_complete(300, seed=k), 1.5) for k in range(3)]
    config = TrainConfig.model_validate(
        {"data": {"path": "made up"}, "model": {"kind": "coarse_energy"}}
    )
    data = from_configurations(members[:2])
    model = train(config, tmp_path / "run", data=data, progress=False)
    (network,) = model.networks
    assert isinstance(network, CoarseEnergy)
    assert network.chosen_widths == [[1.5, 1.5], [1.5, 1.5]]
    held_out = from_configurations(members[2:])
    best, named, other, raw = (
        c.evaluation.scores[0].pooled
        for c in eg.compare(
            [tmp_path / "run", "coarse-energy:1.5", "coarse-energy", "energy"], held_out
        )
    )
    assert best > 0.9 and named == pytest.approx(-best)
    assert abs(named) > abs(other) > abs(raw)


@pytest.mark.parametrize("name", ["coarse-energy:", "coarse-energy:wide", "coarse-energy:-1"])
def test_a_width_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"coarse-energy: not a width.*coarse-energy:1.5.*found"):
        eg.compare([name], [make_complete(120)])


def test_coarse_energies_among_descriptors() -> None:
    c = make_complete(200)
    inputs = DescriptorInputs(energies=("thermal", "inherent"), coarse=(0.8, 1.2))
    shells = {"near": (1, 1, 0.1), "far": (2, 2, 0.3), "angular": (1.2, 1.2, 0.2), "l_max": 2}
    config = DescriptorConfig.model_validate({"inputs": inputs, **shells})
    names, values = config.names(2), descriptors(c, config, 2)
    assert values.shape == (200, len(names)) and len(set(names)) == len(names)
    column = names.index("inherent:<energy>(w=1.20)")
    assert np.array_equal(values[:, column], coarse_energies(c, "inherent", (1.2,))[:, 0])
    with pytest.raises(ValueError, match="needs energies to average"):
        DescriptorInputs(coarse=(1.0,))


def test_ridge_weighs_labels() -> None:
    """A label of weight zero counts as one that is not there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = (x @ np.array([1.0, -2.0, 0.5]))[:, None] + 0.1 * rng.normal(size=(400, 1))
    wrong, weights = y.copy(), np.ones_like(y)
    wrong[:100] += 50
    weights[:100] = 1e-12
    even = ridge(x, y, weights=np.full_like(y, 0.5))
    assert np.array_equal(even[0], ridge(x, y)[0])
    found, missing = ridge(x, wrong, weights=weights), wrong.copy()
    missing[:100] = np.nan
    assert np.allclose(found[0], ridge(x, missing)[0], atol=1e-3)
    assert torch.isfinite(torch.from_numpy(found[1])).all()
