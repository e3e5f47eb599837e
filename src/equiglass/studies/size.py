"""How large the features: their degree, and their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits, varied

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Size(Study):
    """Largest degree and channels."""

    kind = "size"
    help = "l_max 0 to 3, 4 to 16 channels; l_max = 0 is the price of scalar features"
    columns = ("l_max", "channels")

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each degree and number of channels."""
        from .cells import train_and_score

        require_splits(plan.data)
        cells = []
        for l_max in (0, 1) if plan.quick else (0, 1, 2, 3):
            for channels in (4,) if plan.quick else (4, 8, 16):
                name = f"l_max={l_max},channels={channels}"
                config = varied(plan.config, l_max=l_max, channels=channels)
                arguments = (name, config, plan.preparation)
                columns = {"l_max": l_max, "channels": channels}
                cells.append(Cell(name, train_and_score, arguments, columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time."""
        from .figures import curves

        return curves(rows, type_name, ordered=True)
