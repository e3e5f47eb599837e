"""One model from several of the same settings."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..errors import InputError
from ..simulation.target import one_target
from .card import ModelCard
from .propensity import PropensityModel


def average(models: Sequence[PropensityModel], card: ModelCard | None = None) -> PropensityModel:
    """One model whose prediction, in sigma, is the mean of the predictions of several.

    Raises
    ------
    InputError
        If their network, types, times or targets differ.
    """
    first = models[0]
    for model in models[1:]:
        if _facts(model) != _facts(first):
            raise InputError("only models of the same settings, types and times can be averaged")
    one_target((model.card.target for model in models), first.card.name)
    card = card or ModelCard(target=first.card.target)
    n_members = sum(len(model.members) for model in models)
    merged = PropensityModel(first.config, first.n_types, first.times, n_members, card)
    merged.to(first.target_mean)
    merged.grid = first.grid
    mean = torch.stack([model.target_mean for model in models]).mean(dim=0)
    std = torch.stack([model.target_std for model in models]).mean(dim=0)
    merged.target_mean.copy_(mean)
    merged.target_std.copy_(std)
    sources = [(model, network) for model in models for network in model.networks]
    for target, (model, network) in zip(merged.networks, sources, strict=True):
        target.load_state_dict(network.state_dict())
        with torch.no_grad():
            # Each member speaks in its own standard units; its decoder learns the common ones.
            scale = model.target_std / std
            target.rescale_output(scale, (model.target_mean - mean) / std)
    return merged.eval()


def _facts(model: PropensityModel) -> tuple[object, ...]:
    return model.config, model.n_types, model.times, model.grid
