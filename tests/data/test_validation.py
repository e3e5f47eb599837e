"""What a configuration refuses to hold."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.potential import Potential
from equiglass.errors import InputError
from tests.conftest import make_liquid


def test_configuration_refuses_what_is_not_declared() -> None:
    liquid = make_liquid(50)
    with pytest.raises(InputError, match="box: edge lengths must be positive"):
        liquid.replace(box=np.array([1.0, -1, 1]))
    with pytest.raises(InputError, match=r"positions outside the box.*along x"):
        liquid.replace(positions=liquid.positions + 100)
    with pytest.raises(InputError, match="propensity: needs times"):
        liquid.replace(propensity=np.zeros((1, 50)))
    with pytest.raises(InputError, match=r"thermal_energy.*expected \(50,\).*found \(49,\)"):
        liquid.replace(thermal_energy=np.zeros(49))
    for order in ([0, 1], [0] * 50, [[*range(50)][1:]]):
        with pytest.raises(InputError, match="order: must name every particle once"):
            liquid.permuted(order)
    assert isinstance(liquid, Configuration)


@pytest.mark.parametrize("species", [["A", "A"], ["A", "AA", "AAA"]])
def test_every_pair_of_species_has_a_name_of_its_own(species: list[str]) -> None:
    pair = {"epsilon": 1, "sigma": 1, "cutoff": 2.5}
    pairs = {a + b: pair for a, b in combinations_with_replacement(species, 2)}
    content = {"name": "x", "species": species, "masses": [1] * len(species), "pairs": pairs}
    with pytest.raises(ValueError, match="give two pairs one name"):
        Potential.model_validate(content)


ONE = np.ones((1, 50))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": np.array([np.nan])}, "times: not a finite number.*entry 0"),
        ({"times": np.array([np.inf])}, "times: not a finite number.*entry 0"),
        ({"times": np.array([-1.0])}, "times: must not be negative.*-1.0 at entry 0"),
        ({"times": np.array([1.0, 3.0, 3.0])}, "times: must increase, entry 2"),
        ({"times": np.array([2.0, 1.0])}, "times: must increase, entry 1"),
        ({"propensity": np.where(np.arange(50) == 7, -0.1, ONE)}, r"-0.1 at entry \(0, 7\)"),
        ({"propensity": np.where(np.arange(50) == 7, np.inf, ONE)}, r"infinite.*\(0, 7\)"),
        ({"propensity_error": -ONE}, "propensity_error: must not be negative"),
        ({"bond_breaking": -ONE}, "bond_breaking: must not be negative"),
        ({"thermal_energy": np.full(50, np.nan)}, "thermal_energy: not a finite number"),
        ({"thermal_energy": np.full(50, "low")}, "thermal_energy: not numbers"),
        ({"box": np.array([1.0, np.inf, 1.0])}, "box: not a finite number.*entry 1"),
        ({"types": np.full(50, 8)}, "types: particle types out of range"),
        ({"types": np.full(50, 0.5)}, "types: must be one integer per particle"),
        ({"predictions": {"SE3": np.zeros((2, 50))}}, "predictions/SE3: has the wrong shape"),
        ({"predictions": {"SE3": np.inf * ONE}}, "predictions/SE3: not finite"),
        ({"temperature": float("nan")}, "temperature: must be positive"),
    ],
)
def test_values_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    liquid = make_liquid(50, times=np.array([1.0]), propensity=ONE)
    if "times" in changes:
        liquid = liquid.replace(propensity=None)
    with pytest.raises(InputError, match=message):
        liquid.replace(**changes)


def test_a_propensity_may_be_unknown_or_zero() -> None:
    values = np.where(np.arange(50) == 7, np.nan, np.zeros((1, 50)))
    assert np.isnan(make_liquid(50, times=np.zeros(1), propensity=values).propensity[0, 7])  # type: ignore[index]


@pytest.mark.parametrize("edge", [1e200, 2e6, 0.1])
def test_boxes_that_no_liquid_has_are_refused(edge: float) -> None:
    """Neighbour lists in C divide by zero in the first, and have no end in the last."""
    with pytest.raises(InputError, match="no liquid has such a box"):
        make_liquid(8).replace(box=np.full(3, edge), positions=np.full((8, 3), 0.01))
