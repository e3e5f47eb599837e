"""Networks that read the graph and the node inputs of a configuration."""

from __future__ import annotations

import torch

from ..data.configuration import Configuration
from .base import Network, S
from .graph_inputs import graph_input
from .inputs import InputSpec, ModelInput


class OnGraph(Network[S]):
    """A network that reads the graph of its ``inputs`` and ``cutoff``."""

    @classmethod
    def read(
        cls,
        configuration: Configuration,
        config: S,
        n_types: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> ModelInput:
        """Graph and node inputs; on a GPU the graph is made there, but for a union graph."""
        assert isinstance(config.inputs, InputSpec)
        return graph_input(configuration, config.inputs, config.cutoff, dtype, device)
