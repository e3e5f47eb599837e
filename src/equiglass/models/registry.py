"""The networks a model can hold, by the ``kind`` of their settings."""

from __future__ import annotations

from dataclasses import dataclass

from .networks import Network, NetworkConfig, build_network, model_input

__all__ = ["Network", "NetworkConfig", "build_network", "model_input", "network_class"]


@dataclass(frozen=True)
class NetworkClass:
    """What training asks of a class of networks."""

    is_equivariant: bool
    solved: bool


def network_class(config: NetworkConfig) -> NetworkClass:
    """The class of the networks that these settings describe."""
    return NetworkClass(config.equivariant, config.kind == "descriptors")
