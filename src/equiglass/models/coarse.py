"""One number per particle: its energy, averaged over a Gaussian neighbourhood.

What a network has to be better than: the mean of the inherent energy over some particle diameters
goes with mobility far better than the energy of the particle alone. Which width serves best, of a
few, is chosen with the regression, on the configurations that are learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import nn

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..geometry.smoothing import gaussian_averages
from .base import Network, NetworkSettings
from .inputs import ENERGY_FIELD, POSITION_FIELD, Energy, Inputs, ModelInput
from .scalars import scalar_input

Width = Annotated[float, Field(ge=0.01, lt=100)]


def coarse_energies(
    configuration: Configuration, energy: Energy, widths: Sequence[float]
) -> NDArray[np.float64]:
    """An energy averaged over Gaussians of some widths about each particle, (N, n_widths).

    The thermal energy over thermal positions, the inherent one over the inherent structure; all
    types enter alike, so that the average knows the local composition too.

    Raises
    ------
    InputError
        If positions or energy are not known.
    """
    c = configuration
    field, of = POSITION_FIELD[energy], ENERGY_FIELD[energy]
    positions, values = getattr(c, field), getattr(c, of)
    for name, array in ((field, positions), (of, values)):
        if array is None:
            raise InputError("is not known", source=c.source, field=name)
    return gaussian_averages(positions, c.box, values, widths, c.periodic)


class CoarseEnergyInputs(Inputs):
    """Which energy is averaged."""

    energy: Energy = Field("inherent", description="the energy per particle that is averaged")

    @field_validator("features")
    @classmethod
    def _none(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        if features:
            raise ValueError("one number is read, no features beside it")
        return features

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that must be known."""
        names = (POSITION_FIELD[self.energy], ENERGY_FIELD[self.energy])
        return tuple(dict.fromkeys(["positions", *names]))


class CoarseEnergyConfig(NetworkSettings):
    """Settings of the coarse-grained energy."""

    kind: Literal["coarse_energy"] = "coarse_energy"
    inputs: CoarseEnergyInputs = Field(
        default_factory=CoarseEnergyInputs, description="what is averaged"
    )
    widths: tuple[Width, ...] = Field(
        (0.5, 1.0, 1.5, 2.0, 2.5),
        min_length=1,
        max_length=100,
        description="standard deviations of the Gaussian, sigma, one of which is chosen for each "
        "type and time",
    )

    @property
    def cutoff(self) -> float:
        """Where the widest Gaussian ends."""
        return 3 * max(self.widths)


class CoarseEnergy(Network[CoarseEnergyConfig]):
    """A straight line in one coarse-grained energy for each (type, time)."""

    settings = CoarseEnergyConfig
    is_equivariant = True
    solved = True
    chosen: torch.Tensor

    def __init__(self, config: CoarseEnergyConfig, n_types: int, n_times: int) -> None:
        super().__init__(config, n_types, n_times, len(config.widths))
        self.slope = nn.Parameter(torch.zeros(n_types, n_times))
        self.bias = nn.Parameter(torch.zeros(n_types, n_times))
        self.register_buffer("chosen", torch.zeros(n_types, n_times, dtype=torch.int64))

    @classmethod
    def read(
        cls,
        configuration: Configuration,
        config: CoarseEnergyConfig,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """The energies of all widths as scalars, without a graph."""
        config.inputs.check(configuration)
        values = coarse_energies(configuration, config.inputs.energy, config.widths)
        return scalar_input(configuration, values, dtype, device)

    def represent(self, batch: ModelInput) -> torch.Tensor:
        """Standardised energies, (N, n_widths)."""
        return self.standardised(batch.scalars, batch.types)

    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity, (N, n_times)."""
        return representation.gather(1, self.chosen[types]) * self.slope[types] + self.bias[types]

    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""
        self.slope.mul_(scale)
        self.bias.mul_(scale).add_(shift)

    def of_times(self) -> dict[str, torch.Tensor]:
        """All that was fitted."""
        return {"slope": self.slope, "bias": self.bias, "chosen": self.chosen}

    @property
    def chosen_widths(self) -> list[list[float]]:
        """Of each (type, time), sigma."""
        return [[self.config.widths[k] for k in row] for row in self.chosen.tolist()]

    @torch.no_grad()
    def solve(
        self,
        inputs: Sequence[ModelInput],
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        groups: torch.Tensor | None = None,
    ) -> dict[str, Any]:
        """Least squares for each width; the width of the least error is kept.

        Of a few widths none can fit noise, so that nothing is left out and ``groups`` go unread.
        """
        place = self.slope.device, self.slope.dtype
        features = torch.cat([self.represent(i.to(*place)) for i in inputs]).double().cpu()
        types = torch.cat([i.types for i in inputs]).cpu()
        weights = torch.ones_like(targets) if weights is None else weights
        widths: dict[str, list[float | None]] = {}
        for t in range(self.n_types):
            mine = widths.setdefault(TYPE_NAMES[t], [None] * self.n_times)
            for k in range(self.n_times):
                known = (types == t) & torch.isfinite(targets[:, k])
                if not known.any():
                    continue
                width, slope, bias = _line(
                    features[known].numpy(), targets[known, k].numpy(), weights[known, k].numpy()
                )
                self.chosen[t, k], self.slope[t, k], self.bias[t, k] = width, slope, bias
                mine[k] = self.config.widths[width]
        return {"widths": widths}


def _line(x: NDArray[Any], y: NDArray[Any], weight: NDArray[Any]) -> tuple[int, float, float]:
    """The column in which y is best linear by weighted squared error, slope and intercept."""
    share = weight / weight.sum()
    x0, y0 = share @ x, float(share @ y)
    away, up = x - x0, y - y0
    variance, covariance = share @ away**2, (share * up) @ away
    # What a line explains of the variance of y.
    explained = np.divide(
        covariance**2, variance, out=np.zeros_like(variance), where=variance > 1e-12
    )
    best = int(explained.argmax())
    slope = float(covariance[best] / variance[best]) if variance[best] > 1e-12 else 0.0
    return best, slope, float(y0 - slope * x0[best])
