"""Tests at temperatures that were not trained at, at equal t / tau_alpha."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..errors import InputError
from ..evaluation.dynamics import relaxation_time
from .reduced import TOLERANCE


def by_temperature(training: Dataset, test: Dataset) -> dict[str, list[Configuration]]:
    """The test configurations of each temperature, with times that mean what they do in training.

    Those of another temperature than the training's are cut to the times that all of them have at
    equal t / tau_alpha, within the tolerance of :mod:`.reduced`, and these are called by the
    times of training. Keys are ``T=0.56`` and so on.

    Raises
    ------
    InputError
        If training is at several temperatures and a test at another, if a relaxation time is not
        known or of another definition, or if no time remains.
    """
    trained = training.temperatures()
    groups: dict[float | None, list[Configuration]] = {}
    for c in test:
        groups.setdefault(c.temperature, []).append(c)
    found = {}
    for temperature, members in groups.items():
        name = "unknown T" if temperature is None else f"T={temperature:g}"
        if temperature is not None and trained and temperature not in trained:
            if len(trained) != 1:
                raise InputError(
                    "a test at another temperature needs training at one", source=name,
                    field="temperature", found=trained,
                )  # fmt: skip
            members = _renamed(list(training), members, name)
        found[name] = members
    return found


def _renamed(
    training: Sequence[Configuration], members: Sequence[Configuration], name: str
) -> list[Configuration]:
    units = [relaxation_time([*part]) for part in (training, members)]
    if units[0] is None or units[1] is None:
        raise InputError("the relaxation time is not known", source=name, field="relaxation_time")
    relaxation_time([*training, *members])  # which sees that both are of one definition
    first = training[0].times
    assert first is not None
    rows = []
    for c in members:
        if c.times is None:
            raise InputError("has no propensities", source=c.source, field="times")
        ratios = np.log(first[:, None] / units[0].value) - np.log(c.times / units[1].value)
        nearest = np.abs(ratios).argmin(axis=1)
        # Of the mean of two, from which each differs by half.
        near = np.abs(ratios).min(axis=1) / 2 < TOLERANCE
        rows.append({k: int(nearest[k]) for k in range(len(first)) if near[k]})
    common = [k for k in range(len(first)) if all(k in own for own in rows)]
    if not common:
        raise InputError(
            "no time t / tau_alpha in common with the training", source=name, field="times",
            expected=f"within {TOLERANCE:.0%} of their mean",
        )  # fmt: skip
    return [
        c.replace(end_positions=None).at_times([own[k] for k in common], first[common].tolist())
        for c, own in zip(members, rows, strict=True)
    ]
