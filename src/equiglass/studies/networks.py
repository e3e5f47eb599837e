"""The models that a study can train beside the equivariant network, by name, on its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import varied
from .equivariance import TWIN, twin_as_large
from .rivals import BAPST, BOTAN, EIGNN, MLP, RIDGE, SE3, rivals, solved_rivals

if TYPE_CHECKING:
    from ..training.config import TrainConfig

# As they are asked for, and as they are called in tables.
NETWORKS = {
    "se3": SE3, "twin": TWIN, "botan": BOTAN, "bapst": BAPST, "eignn": EIGNN, "mlp": MLP,
    "ridge": RIDGE,
}  # fmt: skip
SOLVED = (RIDGE,)  # at once, without learning rate or seed


def check_networks(asked: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """Names of models, each once.

    Raises
    ------
    InputError
        If one is not known, or the study has no such choice.
    """
    if not allowed:
        raise InputError("the study has no choice of models", field="networks", found=[*asked])
    unknown = [name for name in asked if name not in allowed]
    if unknown or not asked:
        raise InputError(
            "the study does not train this model", field="networks", expected=", ".join(allowed),
            found=", ".join(unknown) or "none",
        )  # fmt: skip
    return tuple(dict.fromkeys(asked))


def chosen_networks(
    config: TrainConfig, asked: Sequence[str], n_types: int, n_times: int
) -> dict[str, TrainConfig]:
    """The training of each model, by its name in tables, on the inputs that are configured.

    The twin has about as many parameters as the network, the others are as in the study of rivals,
    with their share of its epochs.

    Raises
    ------
    InputError
        If EIGNN's network is asked for where these inputs are not what it reads.
    """
    found = {}
    for name in asked:
        if name == "se3":
            found[SE3] = varied(config)
        elif name == "twin":
            found[TWIN] = twin_as_large(config, n_types, n_times)
        else:
            others = {k: made for k, (made, _) in rivals(config).items()} | solved_rivals(config)
            if NETWORKS[name] not in others:
                raise InputError(
                    "EIGNN's network reads thermal positions and the inherent structure",
                    source=config.data.source, field="model.inputs", found=_of_inputs(config),
                    expected="graph inherent or thermal, displacements [inherent]",
                )  # fmt: skip
            found[NETWORKS[name]] = others[NETWORKS[name]]
    return found


def _of_inputs(config: TrainConfig) -> str:
    """The graph and the displacements that are configured, in words."""
    from ..models.inputs import InputSpec

    inputs = varied(config).model.inputs
    assert isinstance(inputs, InputSpec)
    return f"graph {inputs.graph}, displacements [{', '.join(inputs.displacements)}]"
