"""The network beside models of other kinds, trained on the same data and inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_one_graph, require_splits, varied
from .seeds import seed_curves
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells, with_epochs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..models.base import NetworkSettings
    from ..models.descriptors import DescriptorInputs
    from ..models.eignn import EIGNNConfig
    from ..training.config import TrainConfig

SE3, BOTAN, BAPST, EIGNN, MLP = "SE(3)", "BOTAN", "Bapst", "EIGNN", "MLP"
RIDGE, COARSE = "ridge", "coarse energy"
WIDTHS = (1.0, 1.5, 2.0, 2.5)  # sigma
SHARES = {BOTAN: 0.25, BAPST: 0.25, EIGNN: 0.5, MLP: 4}  # of the epochs of the network


class Rivals(Study):
    """The network beside four of other kinds and two models that are solved at once.

    What is trained by steps has the same learning rates to choose from, on the validation data,
    with the first seed. The networks of BOTAN and of Bapst et al. have a quarter of the epochs,
    EIGNN's half of them, each at least one, and the network on descriptors four times as many:
    their steps take about ten times and six times as long as those of the network, and less. The
    column ``core_seconds`` says what each took; descriptors are made once for all models that read
    them. EIGNN's is left out where :func:`eignn_of` has none.
    """

    kind = "rivals"
    help = (
        "the network beside those of BOTAN, of Bapst et al. and EIGNN's, a network and ridge "
        "regression on descriptors, and the coarse-grained energy; learning rates chosen on "
        "validation data, three seeds"
    )
    columns = ("network", *TUNED_COLUMNS)
    fixed = TUNED | {"epochs": SHARES, "widths": WIDTHS}

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates; then every model, for each seed where it has one."""
        from .cells import train_and_score

        require_splits(plan.data)
        own: tuple[TrainConfig, Row] = varied(plan.config), {"network": SE3}
        trials, cells = tuned_cells(plan, {SE3: own, **rivals(plan.config)})
        for network, config in solved_rivals(plan.config).items():
            arguments = (network, config, plan.preparation)
            cells.append(Cell(network, train_and_score, arguments, {"network": network}))
        return [trials, cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "network", type_name)


def rivals(config: TrainConfig) -> dict[str, tuple[TrainConfig, Row]]:
    """Networks of other kinds that are trained by steps, on the same inputs."""
    from ..models.message import MessageConfig
    from ..models.mlp import DescriptorMLPConfig

    require_one_graph(config)
    inputs = varied(config).model.inputs
    models: dict[str, NetworkSettings | None] = {
        BOTAN: MessageConfig(kind="botan", inputs=inputs),
        BAPST: MessageConfig(kind="bapst", inputs=inputs),
        EIGNN: eignn_of(config),
        MLP: DescriptorMLPConfig(inputs=described(config)),
    }
    return {
        name: (with_share(config, model, SHARES[name]), {"network": name})
        for name, model in models.items()
        if model is not None
    }


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


def solved_rivals(config: TrainConfig) -> dict[str, TrainConfig]:
    """Models that are solved at once."""
    from ..models.coarse import CoarseEnergyConfig
    from ..models.descriptors import DescriptorConfig

    require_one_graph(config)
    ridge = DescriptorConfig(inputs=described(config))
    models = {RIDGE: ridge, COARSE: CoarseEnergyConfig()}
    return {name: config.model_copy(update={"model": model}) for name, model in models.items()}


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
