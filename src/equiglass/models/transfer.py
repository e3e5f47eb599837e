"""Weights of one model as the beginning of another."""

from __future__ import annotations

import torch

from ..errors import InputError
from .propensity import PropensityModel

SAME = 1e-3  # of a time, as where predictions are compared with data


@torch.no_grad()
def take_weights(model: PropensityModel, start: PropensityModel) -> list[float]:
    """Weights of another model; statistics of inputs go with them, those of targets stay.

    The times may be others: decoders of those that both have are taken, the rest stay as they are.

    Returns
    -------
    The times whose decoders were taken.

    Raises
    ------
    InputError
        If settings, types, number of members or the target are others.
    """
    facts = [(m.config, m.n_types, len(m.members)) for m in (start, model)]
    if facts[0] != facts[1]:
        raise InputError(
            "cannot go on from a model of other settings, types or number of members",
            source=start.card.name,
        )
    if start.card.target != model.card.target:
        raise InputError(
            "cannot go on from a model of another target", source=start.card.name, field="target",
            expected=model.card.target, found=start.card.target,
        )  # fmt: skip
    pairs = [
        (i, j)
        for i, a in enumerate(start.times)
        for j, b in enumerate(model.times)
        if abs(a - b) <= SAME * max(a, b)
    ]
    for target, source in zip(model.networks, start.networks, strict=True):
        own = target.of_times()
        state = {name: value for name, value in source.state_dict().items() if name not in own}
        target.load_state_dict(state, strict=False)
        for name, mine in own.items():
            given = source.of_times()[name].to(mine)
            for i, j in pairs:
                mine[..., j] = given[..., i]
    return [model.times[j] for _, j in pairs]
