"""The network whose weights V. Bapst et al. released with Nat. Phys. 16, 448 (2020)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..data.readers.npz import load_arrays
from ..errors import InputError
from .card import ModelCard
from .message import MessageConfig, MessageNetwork
from .propensity import PropensityModel

PREFIX = "Graph/"
# Ours and theirs.
SOURCES = {
    "encode_nodes": "graph_independent/node_model",
    "encode_edges": "graph_independent/edge_model",
    "edge_update": "graph_network/edge_block",
    "node_update": "graph_network/node_block",
    "decoder": "graph_independent_1/node_model",
}


def load_released(path: Path, time: float = 1.0) -> PropensityModel:
    """The released weights of Bapst et al., as named arrays in an npz file.

    Their single output, the propensity of type A in sigma, is given for every type. The file does
    not say which time it belongs to; ``time`` is what the model will call it.

    Raises
    ------
    InputError
        If the file is not such an archive.
    """
    config = MessageConfig(kind="bapst")
    network = MessageNetwork(config, 2, 1)
    try:
        arrays = {
            name: torch.from_numpy(array.astype(np.float32, order="C"))
            for name, array in load_arrays(path).items()
        }
        weights = released_weights(arrays, network)
        model = PropensityModel(config, 2, [time], card=ModelCard(path.stem))
        model.networks[0].load_state_dict(weights)
    except InputError:
        raise
    except (OSError, TypeError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            f"not the released weights of Bapst et al.: {error}", source=path
        ) from error
    return model.eval()


def released_weights(
    arrays: dict[str, torch.Tensor], network: MessageNetwork
) -> dict[str, torch.Tensor]:
    """State dict of :class:`MessageNetwork` from the arrays of the released checkpoint.

    The released decoder has one output, for type A at one time; it is used for every type.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    state = network.state_dict()
    for ours, theirs in SOURCES.items():
        n_layers = sum(k.startswith(f"{ours}.") and k.endswith("weight") for k in state)
        for layer in range(n_layers):
            name = f"{PREFIX}{theirs}/mlp/linear_{layer}"
            weight, bias = arrays[f"{name}/w"].T, arrays[f"{name}/b"]
            last = ours == "decoder" and layer == n_layers - 1
            copies = network.n_types * network.n_times if last else 1
            state[f"{ours}.{2 * layer}.weight"] = weight.repeat(copies, 1)
            state[f"{ours}.{2 * layer}.bias"] = bias.repeat(copies)
    return state
