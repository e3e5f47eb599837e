"""How many layers: the reach of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits
from .networks import SHARES, chosen_networks
from .seeds import of_networks, seed_curves
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..training.config import TrainConfig

# What each network calls a step that reaches as far as the cutoff. Descriptors reach as far as they
# are made to, at once.
LAYERS = {"se3": "layers", "botan": "rounds", "bapst": "rounds", "eignn": "layers"}


class Depth(Study):
    """One to eight layers, of message-passing networks as many rounds, which share weights.

    Each model has the same learning rates to choose from with each number of layers, with the first
    seed.
    """

    kind = "depth"
    help = "one to eight layers; learning rates chosen on validation data, three seeds"
    columns = ("network", "layers", *TUNED_COLUMNS)
    fixed = TUNED | {"epochs": SHARES}
    networks = tuple(LAYERS)

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates, then a network for each number of layers and seed."""
        require_splits(plan.data)
        numbers = (1, 2) if plan.quick else (1, 2, 3, 4, 6, 8)
        tuned: dict[str, tuple[TrainConfig, Row]] = {}
        for asked in plan.networks:
            for n in numbers:
                network, config = with_layers(plan.config, asked, n)
                tuned[f"{network},layers={n}"] = config, {"network": network, "layers": n}
        return list(tuned_cells(plan, tuned))

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(of_networks(rows, "layers"), "layers", type_name)


def with_layers(config: TrainConfig, asked: str, number: int) -> tuple[str, TrainConfig]:
    """The training of a model of :data:`LAYERS` with a number of layers, and its name in tables.

    Raises
    ------
    InputError
        If EIGNN's network is asked for where these inputs are not what it reads.
    """
    # The numbers of types and times settle the size of a twin alone, which is none of these.
    ((network, chosen),) = chosen_networks(config, [asked], 1, 1).items()
    model = chosen.model.model_copy(update={LAYERS[asked]: number})
    return network, chosen.model_copy(update={"model": model})
