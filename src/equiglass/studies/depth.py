"""How many layers: the reach of a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits, varied

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Depth(Study):
    """One to eight layers."""

    kind = "depth"
    help = "one to eight layers"
    columns = ("layers",)

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each number of layers."""
        from .cells import train_and_score

        require_splits(plan.data)
        cells = []
        for layers in (1, 2) if plan.quick else (1, 2, 3, 4, 6, 8):
            name = f"layers={layers}"
            arguments = (name, varied(plan.config, layers=layers), plan.preparation)
            cells.append(Cell(name, train_and_score, arguments, {"layers": layers}))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time."""
        from .figures import curves

        return curves(rows, type_name, ordered=True)
