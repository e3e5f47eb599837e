"""How many layers: the reach of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits, varied
from .seeds import SEEDED, seed_curves, with_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Depth(Study):
    """One to eight layers."""

    kind = "depth"
    help = "one to eight layers; three seeds"
    columns = ("layers", "seed")
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each number of layers and seed."""
        from .cells import train_and_score

        require_splits(plan.data)
        cells = []
        for layers in (1, 2) if plan.quick else (1, 2, 3, 4, 6, 8):
            for seed in plan.seeds:
                name = f"layers={layers},seed={seed}"
                config = with_seed(varied(plan.config, layers=layers), seed)
                columns = {"layers": layers, "seed": seed}
                cells.append(Cell(name, train_and_score, (name, config, plan.preparation), columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "layers", type_name)
