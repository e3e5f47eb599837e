"""The network beside models of other kinds, trained on the same data and inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_one_graph, require_splits, varied
from .seeds import seed_curves
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..models.base import NetworkSettings
    from ..models.descriptors import DescriptorInputs
    from ..training.config import TrainConfig

SE3, BOTAN, MLP, RIDGE, COARSE = "SE(3)", "BOTAN", "MLP", "ridge", "coarse energy"
WIDTHS = (1.0, 1.5, 2.0, 2.5)  # sigma
SHARES = {BOTAN: 0.25, MLP: 4}  # of the epochs of the network


class Rivals(Study):
    """The network, BOTAN's, one on descriptors, and two models that are solved at once.

    What is trained by steps has the same learning rates to choose from, on the validation data,
    with the first seed. The message-passing network has a quarter of the epochs, at least one, and
    the network on descriptors four times as many: steps of the one take ten times as long as those
    of the network, steps of the other a tenth. The column ``core_seconds`` says what each took;
    descriptors are made once for all models that read them.
    """

    kind = "rivals"
    help = (
        "the network beside BOTAN's, a network and ridge regression on descriptors, and the "
        "coarse-grained energy; learning rates chosen on validation data, three seeds"
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
    botan = MessageConfig(kind="botan", inputs=inputs)
    mlp = DescriptorMLPConfig(inputs=described(config))
    return {
        name: (with_epochs(config, model, SHARES[name]), {"network": name})
        for name, model in ((BOTAN, botan), (MLP, mlp))
    }


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


def with_epochs(config: TrainConfig, model: NetworkSettings, share: float) -> TrainConfig:
    """The training of another model with another number of epochs."""
    epochs = max(1, math.ceil(share * config.optimizer.epochs))
    optimizer = config.optimizer.model_copy(update={"epochs": epochs})
    return config.model_copy(update={"model": model, "optimizer": optimizer})
