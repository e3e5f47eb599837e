"""Layers on steerable features: tensors (n, (l_max + 1)^2, channels), l = 0 first.

The components of degree l are the slice [l^2, (l + 1)^2) of the middle axis.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from ..kernels.mixing import mix
from ..kernels.problem import ConvolutionProblem

EPSILON = 1e-12  # of :func:`invariants`


def degree(x: torch.Tensor, l: int) -> torch.Tensor:
    """View (n, 2 l + 1, channels) of the components of degree l."""
    return x[:, l**2 : (l + 1) ** 2]


def l_max_of(x: torch.Tensor) -> int:
    """Largest degree of a feature tensor."""
    return math.isqrt(x.shape[1]) - 1


def invariants(x: torch.Tensor, epsilon: float = EPSILON) -> torch.Tensor:
    """Scalars and the norms of every higher degree: (n, (l_max + 1) channels).

    The norm over m is divided by sqrt(2 l + 1); ``epsilon`` keeps its gradient finite at zero.
    """
    columns = [degree(x, 0)[:, 0]]
    for l in range(1, l_max_of(x) + 1):
        columns.append((degree(x, l).square().mean(dim=1) + epsilon).sqrt())
    return torch.cat(columns, dim=1)


class SteerableLinear(nn.Module):
    """A linear map of the channels, one matrix per degree; a bias for the scalars only."""

    def __init__(self, inputs: list[int], outputs: int, bias: bool = False) -> None:
        super().__init__()
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(n, outputs) * max(n, 1) ** -0.5) for n in inputs
        )
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(
        self,
        sums: torch.Tensor,
        own: torch.Tensor | None,
        problem: ConvolutionProblem,
        scale: float = 1.0,
    ) -> torch.Tensor:
        """Linear in ``scale`` times a convolution's path sums and in the receiver's own features.

        Flat sums and (n, (l_in + 1)^2, channels) -> (n, (l_max + 1)^2, outputs), as
        :func:`equiglass.kernels.mixing.mix`.
        """
        mixed = mix(sums, own, self.scaled(problem, scale), problem)
        if self.bias is None:
            return mixed
        return torch.cat([mixed[:, :1] + self.bias, mixed[:, 1:]], dim=1)

    def scaled(self, problem: ConvolutionProblem, scale: float) -> list[torch.Tensor]:
        """The weights of each degree, those of path sums times ``scale``."""
        widths = [n_paths * problem.channels for n_paths in problem.paths.per_l_out]
        return [
            torch.cat([scale * w[:width], w[width:]]) if len(w) > width else scale * w
            for w, width in zip(self.weights, widths, strict=True)
        ]


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes; what each contributed has the gradient of all of them."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


def batch_means(*values: torch.Tensor) -> list[torch.Tensor]:
    """Mean of each over its first axis, over the particles of all processes that train together.

    All have the same first axis; with several processes they travel in one message.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return [v.mean(dim=0) for v in values]
    parts = [v.sum(dim=0).flatten() for v in values]
    sums = torch.cat([*parts, values[0].new_tensor([float(len(values[0]))])])
    total: torch.Tensor = _SumOverProcesses.apply(sums)  # type: ignore[no-untyped-call]
    means = torch.split(total[:-1] / total[-1], [len(part) for part in parts])
    return [m.view(v.shape[1:]) for m, v in zip(means, values, strict=True)]


class SteerableBatchNorm(nn.Module):
    """Equivariant batch normalisation: scalars are centred and scaled, higher degrees scaled.

    The scale of degree l > 0 is the root of the mean over particles and m of the squared
    components, which no rotation changes. In evaluation the running statistics are used. With
    several processes the statistics are those of all of them.
    """

    running_mean: torch.Tensor
    running_power: torch.Tensor

    def __init__(
        self, l_max: int, channels: int, momentum: float = 0.1, epsilon: float = 1e-5
    ) -> None:
        super().__init__()
        self.l_max, self.momentum, self.epsilon = l_max, momentum, epsilon
        self.scale = nn.Parameter(torch.ones(l_max + 1, channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_power", torch.ones(l_max + 1, channels))
        self.sizes = [2 * l + 1 for l in range(l_max + 1)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, (l_max + 1)^2, channels) -> the same shape."""
        if x.dtype == torch.bfloat16:
            x = x.float()
        if self.training and len(x) > 1:
            mean, square = batch_means(x[:, 0], x[:, 1:].square())
            variance = batch_means((x[:, 0] - mean).square())[0][None]
            higher = [
                degree_mean.mean(dim=0) for degree_mean in torch.split(square, self.sizes[1:])
            ]
            power = torch.cat([variance, *(p[None] for p in higher)])
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_power.lerp_(power, self.momentum)
        else:
            mean, power = self.running_mean, self.running_power
        factor, shift = self._factor_and_offset(mean, power)
        offset = shift[None]
        # One pass over the features: everything per component is joined while it is small.
        factors = torch.cat(
            [f[None].expand(n, -1) for f, n in zip(factor, self.sizes, strict=True)]
        )
        offsets = torch.cat([offset, offset.new_zeros(len(factors) - 1, offset.shape[1])])
        return torch.addcmul(offsets, x, factors)

    def in_evaluation(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The factor of each degree, (l_max + 1, channels), and what scalars get, (channels,)."""
        return self._factor_and_offset(self.running_mean, self.running_power)

    def _factor_and_offset(
        self, mean: torch.Tensor, power: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        factor = self.scale * (power + self.epsilon).rsqrt()
        return factor, self.shift - mean * factor[0]


class Gate(nn.Module):
    """Scalars through SiLU; higher degrees times a sigmoid of a linear map of the scalars."""

    def __init__(self, l_max: int, channels: int) -> None:
        super().__init__()
        self.l_max, self.channels = l_max, channels
        self.gates = nn.Linear(channels, l_max * channels) if l_max else None

    def joined(self) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """The linear map, (channels, l_max channels), and what is added; None for scalars alone."""
        return (None, None) if self.gates is None else (self.gates.weight.t(), self.gates.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, (l_max + 1)^2, channels) -> the same shape."""
        scalars = x[:, 0]
        blocks = [nn.functional.silu(scalars)[:, None]]
        if self.gates is not None:
            gates = torch.sigmoid(self.gates(scalars)).view(-1, self.l_max, self.channels)
            for l in range(1, self.l_max + 1):
                blocks.append(degree(x, l) * gates[:, l - 1, None])
        return torch.cat(blocks, dim=1)
