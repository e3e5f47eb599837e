"""A trained model: networks, the statistics of its targets, and how it is stored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..geometry.graph import Graph, graph_slabs
from .domain import Domain
from .inputs import POSITION_FIELD, ModelInput, node_inputs
from .networks import Network, NetworkConfig, build_network, model_input
from .se3 import SE3Config, SE3Network

FORMAT = "equiglass-model"
VERSION = 1
WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
SLAB_SIZE = 32_768


@dataclass(frozen=True)
class ModelCard:
    """What is known about a trained model beside its weights; stored with them."""

    name: str = "model"
    data: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    preparation: dict[str, Any] | None = None
    domain: Domain | None = None


class PropensityModel(nn.Module):
    """Propensity in sigma from a configuration.

    One or several networks of the same configuration, whose standardised predictions are
    averaged, and the mean and standard deviation of the targets of each (type, time).

    Parameters
    ----------
    times
        (n_times,) lag times the model predicts, tau_LJ.
    """

    target_mean: torch.Tensor
    target_std: torch.Tensor

    def __init__(
        self,
        config: NetworkConfig,
        n_types: int,
        times: Sequence[float],
        n_members: int = 1,
        card: ModelCard | None = None,
    ) -> None:
        super().__init__()
        self.config, self.n_types = config, n_types
        self.times = tuple(float(t) for t in times)
        self.card = card or ModelCard()
        self.members = nn.ModuleList(
            build_network(config, n_types, len(self.times)) for _ in range(n_members)
        )
        self.register_buffer("target_mean", torch.zeros(n_types, len(self.times)))
        self.register_buffer("target_std", torch.ones(n_types, len(self.times)))

    @property
    def n_parameters(self) -> int:
        """Trained parameters of all members."""
        return sum(p.numel() for p in self.parameters())

    def solve(self, inputs: Sequence[ModelInput], configurations: Sequence[Configuration]) -> None:
        """Fit networks that are solved in one step."""
        from ..training.ridge import fit_ridge

        fit_ridge(self, inputs, configurations)

    def set_input_statistics(self, of_type: int, mean: torch.Tensor, std: torch.Tensor) -> None:
        """Standardise the scalars of one type by these, (n_scalars,) each, in every member."""
        for member in self.networks:
            member.input_mean[of_type] = mean
            member.input_std[of_type] = std

    @property
    def networks(self) -> list[Network]:
        """The averaged networks."""
        return list(self.members)  # type: ignore[arg-type]

    def forward(self, batch: ModelInput) -> torch.Tensor:
        """Standardised propensities, (N, n_times)."""
        return torch.stack([member(batch) for member in self.members]).mean(dim=0)

    def row_of(self, time: float | None) -> int:
        """Index of the time nearest to this one on a logarithmic scale; the last for None."""
        if time is None:
            return len(self.times) - 1
        return int(np.argmin(np.abs(np.log(self.times) - np.log(time))))

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
        self._check_types(configuration)
        dtype, device = self.target_mean.dtype, self.target_mean.device
        return model_input(configuration, self.config, self.n_types, dtype, device).to(device)

    @torch.no_grad()
    def represent(self, configuration: Configuration) -> NDArray[np.float64]:
        """The invariant representation that the decoders read, (N, n_features).

        Of several members, the features side by side.
        """
        was_training = self.training
        self.eval()
        batch = self.inputs_of(configuration)
        features = torch.cat([member.represent(batch) for member in self.networks], dim=1)
        self.train(was_training)
        result: NDArray[np.float64] = features.double().cpu().numpy()
        return result

    def _check_types(self, configuration: Configuration) -> None:
        if configuration.n_types > self.n_types:
            raise InputError(
                "has types that the model was not trained on",
                source=configuration.source,
                field="types",
                expected=f"at most {self.n_types} types",
                found=configuration.n_types,
            )

    @torch.no_grad()
    def predict(
        self,
        configuration: Configuration,
        *,
        slab_size: int = SLAB_SIZE,
        advance: Callable[[], None] = lambda: None,
    ) -> NDArray[np.float64]:
        """Propensity of every particle at every time of :attr:`times`, (n_times, N), sigma.

        Parameters
        ----------
        slab_size
            Configurations of more particles are taken in slabs of about this many, so that memory
            grows with the number of particles and not with that of edges.
        advance
            Called once for each step of the work, :meth:`n_steps` times.

        Raises
        ------
        InputError
            As :meth:`inputs_of`.
        """
        was_training = self.training
        self.eval()
        if self._in_slabs(len(configuration), slab_size):
            types, standard = self._predict_in_slabs(configuration, slab_size, advance)
        else:
            batch = self.inputs_of(configuration)
            types, standard = batch.types, self(batch)
            advance()
        values = standard * self.target_std[types] + self.target_mean[types]
        self.train(was_training)
        result: NDArray[np.float64] = values.T.double().cpu().numpy()
        return result

    def n_steps(self, n_particles: int, slab_size: int = SLAB_SIZE) -> int:
        """Steps of :meth:`predict`, for a progress bar."""
        if not self._in_slabs(n_particles, slab_size):
            return 1
        slabs = -(-n_particles // slab_size)
        return slabs * sum(len(m.layers) for m in self.networks if isinstance(m, SE3Network))

    def _in_slabs(self, n_particles: int, slab_size: int) -> bool:
        return n_particles > slab_size and isinstance(self.config, SE3Config)

    def _predict_in_slabs(
        self, configuration: Configuration, slab_size: int, advance: Callable[[], None]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self._check_types(configuration)
        assert isinstance(self.config, SE3Config)
        spec, dtype = self.config.inputs, self.target_mean.dtype
        device = self.target_mean.device
        types, scalars, vectors = (t.to(device) for t in node_inputs(configuration, spec, dtype))
        positions = getattr(configuration, POSITION_FIELD[spec.graph])

        def slabs() -> Iterator[tuple[torch.Tensor, Graph]]:
            for receivers, graph in graph_slabs(
                positions,
                configuration.box,
                self.config.cutoff,
                -(-len(configuration) // slab_size),
                periodic=configuration.periodic,
                dtype=dtype,
                source=configuration.source,
            ):
                yield receivers.to(device), graph.to(device)
                advance()

        total = torch.zeros(len(configuration), len(self.times), dtype=dtype, device=device)
        for member in self.networks:
            assert isinstance(member, SE3Network)
            representation = member.represent_in_slabs(types, scalars, vectors, slabs)
            for start in range(0, len(total), slab_size):
                part = slice(start, start + slab_size)
                total[part] += member.decoder(representation[part], types[part])
        return types, total / len(self.members)

    def describe(self) -> dict[str, Any]:
        """Everything but the weights, as it is stored in JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "config": self.config.model_dump(mode="json"),
            "types": list(TYPE_NAMES[: self.n_types]),
            "times": list(self.times),
            "members": len(self.members),
            "parameters": self.n_parameters,
            "name": self.card.name,
            "data": self.card.data,
            "metrics": self.card.metrics,
            "notes": self.card.notes,
        }

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write weights (safetensors, with the description inside) and a readable JSON copy."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        description = self.describe()
        partial = target / f"{WEIGHTS}.partial"
        state = {k: v.detach().cpu().contiguous() for k, v in self.state_dict().items()}
        save_file(state, partial, metadata={FORMAT: json.dumps(description)})
        partial.replace(target / WEIGHTS)
        (target / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n")
        return target / WEIGHTS


def average(models: Sequence[PropensityModel], card: ModelCard | None = None) -> PropensityModel:
    """One model whose prediction, in sigma, is the mean of the predictions of several.

    Raises
    ------
    InputError
        If their network, types or times differ.
    """
    first = models[0]
    for model in models[1:]:
        if (model.config, model.n_types, model.times) != (first.config, first.n_types, first.times):
            raise InputError("only models of the same settings, types and times can be averaged")
    n_members = sum(len(model.members) for model in models)
    merged = PropensityModel(first.config, first.n_types, first.times, n_members, card)
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
