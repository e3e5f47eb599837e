"""What every network offers: its settings, what it reads, and what is done with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import torch
from torch import nn

from ..data.configuration import Configuration
from ..errors import InputError
from ..geometry.graph import Graph
from ..geometry.slabs import Slabs
from ..yaml_config import Settings
from .inputs import Inputs, ModelInput

# What is done with the receivers of a piece and their edges, and what calls it for every piece,
# several at a time. Receivers are all there once: each call may write to their places.
Visit = Callable[[torch.Tensor, Graph], None]
Walk = Callable[[Visit], None]


class NetworkSettings(Settings):
    """Settings of a network; its ``kind`` names it in configuration files and stored models."""

    kind: str
    inputs: Inputs
    if TYPE_CHECKING:  # a field in most networks, computed in others

        @property
        def cutoff(self) -> float:
            """Largest distance that the network reads, sigma."""


S = TypeVar("S", bound=NetworkSettings)


class Network(nn.Module, ABC, Generic[S]):
    """From a configuration to standardised propensities at all times.

    Attributes
    ----------
    settings
        Class of its settings; the literals of ``kind`` there are the names it goes by.
    is_equivariant
        Whether a rotated configuration gives the same prediction. Others are trained on rotated
        copies.
    solved
        Whether it is fitted in one step, by :meth:`solve`, rather than by gradient descent.
    n_features
        Of :meth:`represent`; of use only to networks that work in slabs.
    input_mean, input_std
        (n_types, n_scalars) statistics by which scalars are standardised.
    """

    settings: ClassVar[type[NetworkSettings]]
    is_equivariant: ClassVar[bool]
    solved: ClassVar[bool] = False
    n_features: int = 0
    input_mean: torch.Tensor
    input_std: torch.Tensor

    def __init__(self, config: S, n_types: int, n_times: int, n_scalars: int) -> None:
        super().__init__()
        self.config, self.n_types, self.n_times = config, n_types, n_times
        self.register_buffer("input_mean", torch.zeros(n_types, n_scalars))
        self.register_buffer("input_std", torch.ones(n_types, n_scalars))

    @classmethod
    @abstractmethod
    def read(
        cls,
        configuration: Configuration,
        config: S,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """What a network of these settings takes from a configuration.

        Raises
        ------
        InputError
            If a field that it needs is missing.
        """

    @abstractmethod
    def represent(self, batch: ModelInput) -> torch.Tensor:
        """The features of every particle that the decoder reads, (N, n_features)."""

    @abstractmethod
    def decode(self, representation: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Standardised propensity from :meth:`represent`, (N, n_times)."""

    @abstractmethod
    def rescale_output(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        """Make every prediction ``scale`` times itself plus ``shift``, (n_types, n_times) each."""

    @abstractmethod
    def of_times(self) -> dict[str, torch.Tensor]:
        """Views of the parameters that belong to single times, by name; the last axis is time."""

    def forward(self, batch: ModelInput) -> torch.Tensor:
        """Standardised propensity of every particle at every time, (N, n_times)."""
        return self.decode(self.represent(batch), batch.types)

    def standardised(self, scalars: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Scalars (N, n_scalars) in standard deviations of their type."""
        return (scalars - self.input_mean[types]) / self.input_std[types]

    def layer_features(self, batch: ModelInput) -> list[torch.Tensor]:
        """Invariant features (N, D) before the first layer and after each.

        Raises
        ------
        InputError
            If the network has no layers of that kind.
        """
        raise InputError(
            "has no layers whose invariant features can be read",
            field="model.kind",
            expected="se3",
            found=self.config.kind,
        )

    @property
    def slab_walks(self) -> int:
        """Walks through the edges that :meth:`represent_in_slabs` takes; 0 if it cannot."""
        return 0

    @classmethod
    def read_in_slabs(
        cls,
        configuration: Configuration,
        config: S,
        n_slabs: int,
        dtype: torch.dtype,
        parts: int = 1,
        keep: int = 0,
    ) -> tuple[ModelInput, Slabs, torch.Tensor]:
        """The input without edges, these slab by slab, and the order (N,) of particles in both.

        Each slab comes in ``parts`` pieces; ``keep`` are the bytes in which edges may be kept from
        one walk to the next.
        """
        raise NotImplementedError(f"{cls.__name__} needs all edges at once")

    def slab_bytes(self, n_particles: int, slab_size: int, edges_per_particle: float) -> int:
        """Memory that :meth:`represent_in_slabs` takes, without edges that are kept, about."""
        raise NotImplementedError(f"{type(self).__name__} needs all edges at once")

    def represent_in_slabs(self, nodes: ModelInput, walk: Walk) -> torch.Tensor:
        """:meth:`represent` with few slabs' edges in memory at a time.

        Each of the :attr:`slab_walks` is a call of ``walk``.
        """
        raise NotImplementedError(f"{type(self).__name__} needs all edges at once")

    def solve(
        self,
        inputs: Sequence[ModelInput],
        targets: torch.Tensor,
        weights: torch.Tensor | None = None,
        groups: torch.Tensor | None = None,
    ) -> dict[str, Any]:
        """Fit to standardised targets of all particles, (n, n_times), NaN where not known.

        Parameters
        ----------
        weights
            Of their squared errors, of the same shape; by default all count alike.
        groups
            (n, 2) which particles are only together left out, where settings are chosen on what
            was left out (:func:`equiglass.models.ridge.groups_of`).

        Returns
        -------
        What was chosen, for the metrics of the run: by the name of a setting, for each type by its
        name a list with one value for each time, None where nothing was known.
        """
        raise NotImplementedError(f"{type(self).__name__} is trained by gradient descent")
