"""A trained model: networks, the statistics of its targets, and what it says of a configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..simulation.target import TARGETS, Target
from .base import Network, NetworkSettings
from .budget import Budget, budget
from .by_temperature import TimeGrid, temperature_departure
from .card import ModelCard
from .description import store
from .domain import potential_departure
from .evaluating import (
    Array,
    as_array,
    evaluating,
    nearest,
    predict_in_slabs,
    represent_in_slabs,
    require_finite,
    slab_steps,
)
from .inputs import ModelInput
from .ranges import Departure
from .registry import build_network, model_input
from .summary import summary

__all__ = ["ModelCard", "PropensityModel"]
SLAB_SIZE = 32_768


class PropensityModel(nn.Module):
    """Propensity in sigma, or another target, from a configuration.

    One or several networks of the same configuration, whose standardised predictions are
    averaged, and the mean and standard deviation of the targets of each (type, time).

    Parameters
    ----------
    times
        (n_times,) lag times the model predicts, tau_LJ.

    Attributes
    ----------
    grid
        Of a model whose times are others at each temperature: these; ``times`` are then those of
        the coldest. None of any other, and of one taken at a ``temperature``, from ``undivided``.
    """

    target_mean: torch.Tensor
    target_std: torch.Tensor
    undivided: PropensityModel | None = None

    def __init__(
        self,
        config: NetworkSettings,
        n_types: int,
        times: Sequence[float],
        n_members: int = 1,
        card: ModelCard | None = None,
    ) -> None:
        super().__init__()
        self.config, self.n_types = config, n_types
        self.times = tuple(float(t) for t in times)
        self.card = card or ModelCard()
        self.grid: TimeGrid | None = None
        self.temperature: float | None = None
        self.members = nn.ModuleList(
            build_network(config, n_types, len(self.times)) for _ in range(n_members)
        )
        self.register_buffer("target_mean", torch.zeros(n_types, len(self.times)))
        self.register_buffer("target_std", torch.ones(n_types, len(self.times)))

    @property
    def n_parameters(self) -> int:
        """Trained parameters of all members."""
        return sum(p.numel() for p in self.parameters())

    def set_input_statistics(self, of_type: int, mean: torch.Tensor, std: torch.Tensor) -> None:
        """Standardise the scalars of one type by these, (n_scalars,) each, in every member."""
        for member in self.networks:
            member.input_mean[of_type] = mean
            member.input_std[of_type] = std

    @property
    def networks(self) -> list[Network[Any]]:
        """The averaged networks."""
        return list(self.members)  # type: ignore[arg-type]

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of a configuration that the model reads."""
        return self.config.inputs.required_fields

    @property
    def potential(self) -> Potential | None:
        """The potential of its training data, where the card records it."""
        return self.card.potential

    @property
    def target(self) -> Target:
        """What it predicts, as the card says."""
        return TARGETS[self.card.target]

    def __repr__(self) -> str:
        return summary(self)

    def forward(self, batch: ModelInput) -> torch.Tensor:
        """Standardised propensities, (N, n_times)."""
        return torch.stack([member(batch) for member in self.members]).mean(dim=0)

    def row_of(self, time: float | None) -> int:
        """As :func:`~.evaluating.nearest` of :attr:`times`."""
        return nearest(self.times, time)

    def standardise(self, propensity: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """(N, n_times) in sigma -> in standard deviations of its (type, time)."""
        return (propensity - self.target_mean[types]) / self.target_std[types]

    def inputs_of(self, configuration: Configuration) -> ModelInput:
        """Graph and node inputs of a configuration, in the dtype of the weights.

        Raises
        ------
        InputError
            If a field that the model needs is missing, or there are more types than it knows.
        """
        self.check_types(configuration)
        dtype, device = self.target_mean.dtype, self.target_mean.device
        return model_input(configuration, self.config, self.n_types, dtype, device).to(device)

    def represent(
        self,
        configuration: Configuration,
        *,
        slab_size: int = SLAB_SIZE,
        memory: int | None = None,
    ) -> Array:
        """The invariant representation that the decoders read, (N, n_features).

        Of several members, the features side by side.

        Parameters
        ----------
        slab_size, memory
            As in :meth:`predict`.
        """
        with evaluating(self):
            plan = self.budget(configuration, slab_size, memory, features=True)
            if plan is not None:
                self.check_types(configuration)
                return as_array(represent_in_slabs(self, configuration, slab_size, plan.keep))
            batch = self.inputs_of(configuration)
            features = [member.represent(batch) for member in self.networks]
        return as_array(torch.cat(features, dim=1))

    def layer_features(self, configuration: Configuration) -> list[Array]:
        """Invariants (N, D) before the first layer and after each, of the first member.

        Raises
        ------
        InputError
            If the network has no layers of that kind.
        """
        with evaluating(self):
            features = self.networks[0].layer_features(self.inputs_of(configuration))
        return [as_array(f) for f in features]

    def order_parameter(
        self, configuration: Configuration, predicted: NDArray[np.floating[Any]] | None = None
    ) -> Array:
        """Predictions in standard deviations of the training targets of their type.

        Parameters
        ----------
        predicted
            (n_times, N), as :meth:`predict` gives it; computed if None.

        Returns
        -------
        (n_times, N).
        """
        prediction = self.predict(configuration) if predicted is None else predicted
        mean, std = as_array(self.target_mean), as_array(self.target_std)
        result: Array = (prediction - mean[configuration.types].T) / std[configuration.types].T
        return result

    def departures(
        self, configuration: Configuration, predicted: Array | None = None
    ) -> tuple[Departure, ...]:
        """Every respect in which a configuration lies outside what the model was trained on.

        Of a model whose card records no domain only another recorded potential is noticed.

        Parameters
        ----------
        predicted
            (n_times, N), as :meth:`predict` gives it; without it the order parameter is left out.
        """
        found = potential_departure(self.potential, configuration.potential)
        found += temperature_departure(self.temperature, configuration.temperature)
        if self.card.domain is None:
            return found
        order = None if predicted is None else self.order_parameter(configuration, predicted)
        return (*found, *self.card.domain.departures(configuration, order, self.times))

    def check_types(self, configuration: Configuration) -> None:
        """Raise InputError if a configuration has types that the model does not know."""
        if configuration.n_types > self.n_types:
            raise InputError(
                "has types that the model was not trained on",
                source=configuration.source,
                field="types",
                expected=f"at most {self.n_types} types",
                found=configuration.n_types,
            )

    def predict(
        self,
        configuration: Configuration,
        *,
        slab_size: int = SLAB_SIZE,
        advance: Callable[[], None] = lambda: None,
        inputs: ModelInput | None = None,
        memory: int | None = None,
    ) -> Array:
        """Propensity of every particle at every time of :attr:`times`, (n_times, N), sigma.

        Parameters
        ----------
        inputs
            What :meth:`inputs_of` gives, where it is at hand; the graph is then not made again.
        slab_size
            Configurations of more particles are taken in slabs of about this many, so that memory
            grows with the number of particles and not with that of edges.
        advance
            Called once for each step of the work, :meth:`n_steps` times.
        memory
            Bytes that the process shall not exceed while it works in slabs; what is left of them
            keeps edges from one layer to the next. By default what the process has and half of
            what is free. The prediction is the same for any.

        Raises
        ------
        InputError
            As :meth:`inputs_of`, if a prediction is not a finite number, or if the memory is not
            enough.
        """
        with evaluating(self):
            plan = None if inputs is not None else self.budget(configuration, slab_size, memory)
            if plan is not None:
                self.check_types(configuration)
                types, standard = predict_in_slabs(
                    self, configuration, slab_size, advance, plan.keep
                )
            else:
                batch = self.inputs_of(configuration) if inputs is None else inputs
                types, standard = batch.types, self(batch)
                advance()
            values = as_array((standard * self.target_std[types] + self.target_mean[types]).T)
        require_finite(self, configuration, values)
        return values

    def budget(
        self,
        configuration: Configuration,
        slab_size: int = SLAB_SIZE,
        memory: int | None = None,
        *,
        features: bool = False,
    ) -> Budget | None:
        """How :meth:`predict` uses memory, or :meth:`represent`; None where it takes no slabs."""
        if not self._in_slabs(len(configuration), slab_size):
            return None
        return budget(self, configuration, slab_size, memory, features=features)

    def n_steps(self, n_particles: int, slab_size: int = SLAB_SIZE) -> int:
        """Steps of :meth:`predict`, for a progress bar."""
        if not self._in_slabs(n_particles, slab_size):
            return 1
        return slab_steps(self, n_particles, slab_size)

    def _in_slabs(self, n_particles: int, slab_size: int) -> bool:
        return n_particles > slab_size and all(m.slab_walks for m in self.networks)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write weights (safetensors, with the description inside) and a readable JSON copy."""
        return store(self, folder)
