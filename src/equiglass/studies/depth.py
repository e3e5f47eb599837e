"""How many layers: the reach of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits, varied
from .seeds import seed_curves
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..training.config import TrainConfig


class Depth(Study):
    """One to eight layers.

    Each number of layers has the same learning rates to choose from, with the first seed.
    """

    kind = "depth"
    help = "one to eight layers; learning rates chosen on validation data, three seeds"
    columns = ("layers", *TUNED_COLUMNS)
    fixed = TUNED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates, then a network for each number of layers and seed."""
        require_splits(plan.data)
        numbers = (1, 2) if plan.quick else (1, 2, 3, 4, 6, 8)
        networks: dict[str, tuple[TrainConfig, Row]] = {
            f"layers={n}": (varied(plan.config, layers=n), {"layers": n}) for n in numbers
        }
        return list(tuned_cells(plan, networks))

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "layers", type_name)
