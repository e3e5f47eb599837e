"""The models that a study can train beside the equivariant network, by name, on its inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..errors import InputError
from .base import Cell, Plan, Row, require_one_graph, varied
from .equivariance import TWIN, twin_as_large
from .tuned import tuned_cells, with_epochs

if TYPE_CHECKING:
    from ..models.base import NetworkSettings
    from ..models.descriptors import DescriptorInputs
    from ..models.eignn import EIGNNConfig
    from ..training.config import TrainConfig

SE3, BOTAN, BAPST, EIGNN, MLP = "SE(3)", "BOTAN", "Bapst", "EIGNN", "MLP"
RIDGE, COARSE = "ridge", "coarse energy"
WIDTHS = (1.0, 1.5, 2.0, 2.5)  # sigma
SHARES = {BOTAN: 0.25, BAPST: 0.25, EIGNN: 0.5, MLP: 4}  # of the epochs of the network
# As they are asked for, and as they are called in tables.
NETWORKS = {
    "se3": SE3, "twin": TWIN, "botan": BOTAN, "bapst": BAPST, "eignn": EIGNN, "mlp": MLP,
    "ridge": RIDGE, "coarse": COARSE,
}  # fmt: skip
SOLVED = (RIDGE, COARSE)  # at once, without learning rate or seed


def check_networks(asked: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """Names of models, each once, in the order of the study.

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
    return tuple(name for name in allowed if name in asked)


def chosen_networks(
    config: TrainConfig, asked: Sequence[str], n_types: int, n_times: int
) -> dict[str, TrainConfig]:
    """The training of each model, by its name in tables, on the inputs that are configured.

    The twin has about as many parameters as the network, the others are as in the study of rivals,
    with their share of its epochs.

    Raises
    ------
    InputError
        If EIGNN's network is asked for where these inputs are not what it reads, or another model
        that reads one set of positions where edges are drawn between two.
    """
    found = {}
    for name in asked:
        network = NETWORKS[name]
        if network == SE3:
            found[network] = varied(config)
        elif network == TWIN:
            found[network] = twin_as_large(config, n_types, n_times)
        else:
            found[network] = with_share(config, _of_kind(config, network), SHARES.get(network, 1))
    return found


def network_stages(plan: Plan, variants: dict[str, tuple[TrainConfig, Row]]) -> list[list[Cell]]:
    """Trials of learning rates; then every variant, for each seed where it is not solved at once.

    Parameters
    ----------
    variants
        By name, the training and what its rows have in the study's columns, ``network`` among them.
    """
    from .cells import train_and_score

    tuned = {name: v for name, v in variants.items() if v[1]["network"] not in SOLVED}
    trials, cells = tuned_cells(plan, tuned)
    for name, (config, columns) in variants.items():
        if name not in tuned:
            arguments = (name, config, plan.preparation)
            cells.append(Cell(name, train_and_score, arguments, columns))
    return [trials, cells]


def able_to_read(config: TrainConfig, names: Sequence[str]) -> tuple[str, ...]:
    """Those that can read what is configured: EIGNN's network may not, see :func:`eignn_of`."""
    return tuple(n for n in names if NETWORKS[n] != EIGNN or eignn_of(config) is not None)


def _of_kind(config: TrainConfig, network: str) -> NetworkSettings:
    """The settings of a model of another kind, on the same inputs where it has a choice."""
    from ..models.coarse import CoarseEnergyConfig
    from ..models.descriptors import DescriptorConfig
    from ..models.message import MessageConfig
    from ..models.mlp import DescriptorMLPConfig

    if network == COARSE:
        return CoarseEnergyConfig()
    if network == EIGNN:
        if (model := eignn_of(config)) is None:
            raise InputError(
                "EIGNN's network reads thermal positions and the inherent structure",
                source=config.data.source, field="model.inputs", found=_of_inputs(config),
                expected="graph inherent or thermal, displacements [inherent]",
            )  # fmt: skip
        return model
    require_one_graph(config)
    if network == MLP:
        return DescriptorMLPConfig(inputs=described(config))
    if network == RIDGE:
        return DescriptorConfig(inputs=described(config))
    kind: Literal["botan", "bapst"] = "botan" if network == BOTAN else "bapst"
    return MessageConfig(kind=kind, inputs=varied(config).model.inputs)


def eignn_of(config: TrainConfig) -> EIGNNConfig | None:
    """EIGNN's network on what the network reads; None where that is not what it has to read.

    By edges between one of thermal and inherent positions, and the displacements from one to the
    other, both vectors of an edge are known: a union graph of the same positions tells nothing
    else. Without these displacements it would, and others are not what EIGNN's network has.
    """
    from ..models.eignn import EIGNNConfig
    from ..models.inputs import UNION
    from ..models.se3 import SE3Config

    model = varied(config).model
    assert isinstance(model, SE3Config)
    read = model.inputs
    if read.graph not in ("thermal", "inherent") or read.displacements != ("inherent",):
        return None
    return EIGNNConfig(inputs=read.model_copy(update={"graph": UNION}), cutoff=model.cutoff)


def described(config: TrainConfig) -> DescriptorInputs:
    """Descriptors of what the network reads; energies also averaged over Gaussians."""
    from ..models.descriptors import DescriptorInputs
    from ..models.se3 import SE3Config

    model = varied(config).model
    assert isinstance(model, SE3Config)
    read = model.inputs
    return DescriptorInputs(
        positions=(read.graph,),
        energies=read.energies,
        coarse=WIDTHS if read.energies else (),
        displacements=read.displacements,
        features=read.features,
    )


def with_share(config: TrainConfig, model: NetworkSettings, share: float) -> TrainConfig:
    """The training of another model with a share of the epochs."""
    epochs = max(1, math.ceil(share * config.optimizer.epochs))
    return with_epochs(config.model_copy(update={"model": model}), epochs)


def _of_inputs(config: TrainConfig) -> str:
    """The graph and the displacements that are configured, in words."""
    from ..models.inputs import InputSpec

    inputs = varied(config).model.inputs
    assert isinstance(inputs, InputSpec)
    return f"graph {inputs.graph}, displacements [{', '.join(inputs.displacements)}]"
