"""The average of a network's weights over the steps of its training."""

from __future__ import annotations

import copy

import torch

from ..models.propensity import PropensityModel


class AveragedWeights(torch.nn.Module):
    """An exponential moving average of a model's weights and running statistics.

    After step n it takes 1 - min(decay, (1 + n) / (10 + n)) of the present ones, so that the first
    weights, which are random, are soon forgotten (as in TensorFlow's and timm's averages).

    Parameters
    ----------
    decay
        Share of the average that a step leaves; it reaches back over 1 / (1 - decay) steps.
    """

    def __init__(self, model: PropensityModel, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, model: PropensityModel, n_steps: int) -> None:
        """Take in the weights after so many steps."""
        weight = 1 - min(self.decay, (1 + n_steps) / (10 + n_steps))
        now = model.state_dict()
        for name, mean in self.model.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[name].to(mean), weight)
            else:
                mean.copy_(now[name])
