"""The networks a model can hold, by the ``kind`` of their settings.

A new one is its module and an entry of ``CLASSES``: the union of settings, the message about an
unknown kind and the tables in the documentation follow.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, get_args

import torch
from pydantic import BaseModel, Discriminator, Tag

from ..data.configuration import Configuration
from .base import Network, NetworkSettings
from .coarse import CoarseEnergy
from .eignn import EIGNNNetwork
from .inputs import ModelInput
from .linear import LinearReadout
from .message import MessageNetwork
from .mlp import DescriptorMLP
from .se3 import SE3Network
from .twin import TwinNetwork

CLASSES: tuple[type[Network[Any]], ...] = (
    SE3Network,
    TwinNetwork,
    MessageNetwork,
    EIGNNNetwork,
    LinearReadout,
    DescriptorMLP,
    CoarseEnergy,
)


def kinds_of(network: type[Network[Any]]) -> tuple[str, ...]:
    """The kinds that a class of networks goes by."""
    return get_args(network.settings.model_fields["kind"].annotation)


NETWORKS: dict[str, type[Network[Any]]] = {
    kind: network for network in CLASSES for kind in kinds_of(network)
}
DEFAULT_KIND = next(iter(NETWORKS))
KINDS = " or ".join(filter(None, [", ".join([*NETWORKS][:-1]), [*NETWORKS][-1]]))


def _tag(value: Any) -> str:
    """The alternative of the union that settings belong to."""
    if isinstance(value, dict):
        kind = value.get("kind", DEFAULT_KIND)
    else:
        kind = getattr(value, "kind", None)  # or no settings at all
    network = NETWORKS.get(kind) if isinstance(kind, str) else None
    return str(kind)[:80] if network is None else network.__name__


if TYPE_CHECKING:
    NetworkConfig = NetworkSettings
else:
    NetworkConfig = Annotated[
        reduce(or_, (Annotated[n.settings, Tag(n.__name__)] for n in CLASSES)),
        Discriminator(
            _tag,
            custom_error_type="kind",
            custom_error_message=f"unknown kind of model: use {KINDS}",
        ),
    ]


def network_class(config: NetworkSettings) -> type[Network[Any]]:
    """The class of the networks that these settings describe."""
    return NETWORKS[config.kind]


def build_network(config: NetworkSettings, n_types: int, n_times: int) -> Network[Any]:
    """An untrained network."""
    build: Any = network_class(config)
    network: Network[Any] = build(config, n_types, n_times)
    return network


def model_input(
    configuration: Configuration,
    config: NetworkSettings,
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
    return network_class(config).read(configuration, config, n_types, dtype, device)


def settings_sections(network: type[Network[Any]]) -> dict[str, type[BaseModel]]:
    """Titles of the tables that document a network's settings, and the classes behind them.

    The default network has a page of its own, and its inputs are those of others too.
    """
    if network is NETWORKS[DEFAULT_KIND]:
        return {}
    kinds = ", ".join(kinds_of(network))
    sections: dict[str, type[BaseModel]] = {f"model ({kinds})": network.settings}
    inputs: Any = network.settings.model_fields["inputs"].annotation
    if inputs is not NETWORKS[DEFAULT_KIND].settings.model_fields["inputs"].annotation:
        sections[f"model.inputs ({kinds})"] = inputs
    return sections
