"""The networks a model can hold, chosen by the ``kind`` of their settings."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Discriminator, Tag

from ..data.configuration import Configuration
from .descriptors import DescriptorConfig, LinearReadout, descriptor_input
from .inputs import ModelInput, graph_input
from .message import MessageConfig, MessageNetwork
from .se3 import SE3Config, SE3Network


def _kind(value: Any) -> str:
    kind = value.get("kind", "se3") if isinstance(value, dict) else value.kind
    return "message" if kind in ("bapst", "botan") else str(kind)


NetworkConfig = Annotated[
    Annotated[SE3Config, Tag("se3")]
    | Annotated[MessageConfig, Tag("message")]
    | Annotated[DescriptorConfig, Tag("descriptors")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="unknown kind of model: use se3, bapst, botan or descriptors",
    ),
]
Network = SE3Network | MessageNetwork | LinearReadout


def build_network(config: NetworkConfig, n_types: int, n_times: int) -> Network:
    """An untrained network."""
    if isinstance(config, SE3Config):
        return SE3Network(config, n_types, n_times)
    if isinstance(config, MessageConfig):
        return MessageNetwork(config, n_types, n_times)
    return LinearReadout(config, n_types, n_times)


def model_input(
    configuration: Configuration,
    config: NetworkConfig,
    n_types: int,
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> ModelInput:
    """What a network of these settings reads from a configuration.

    Raises
    ------
    InputError
        If a field that it needs is missing.
    """
    if isinstance(config, DescriptorConfig):
        return descriptor_input(configuration, config, n_types, dtype)
    return graph_input(configuration, config.inputs, config.cutoff, dtype, device)
