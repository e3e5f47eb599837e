"""Many timescales at once: one network for all times, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import VALIDATION_SPLIT, Cell, Plan, Row, Study, require_splits, rows_of
from .seeds import SEEDED, seed_curves, with_seed
from .spent import Clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

TOGETHER, ALONE = "one network for all times", "one network for each time"


class Timescales(Study):
    """One network with a decoder for every time, against networks of single times."""

    kind = "timescales"
    help = "one network with a decoder for each time against one network for each time; three seeds"
    columns = ("networks", "seed")
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for all times and one for each, for each seed, all with as many steps."""
        require_splits(plan.data)
        times = plan.data.splits["train"][0].times
        if times is None or len(times) < 2:
            raise InputError(
                "the study needs labels at several times", source=plan.data.source, field="times",
                found=None if times is None else times.tolist(),
            )  # fmt: skip
        alone = [0, len(times) - 1] if plan.quick else [*range(len(times))]
        cells = []
        for seed in plan.seeds:
            config = with_seed(plan.config, seed)
            for rows in ([*range(len(times))], *([k] for k in alone)):
                together = len(rows) > 1
                label = "all times" if together else f"t={times[rows[0]]:g}"
                name = f"{label},seed={seed}"
                columns = {"networks": TOGETHER if together else ALONE, "seed": seed}
                arguments = (name, config, tuple(rows), plan.preparation)
                cells.append(Cell(name, train_at_times, arguments, columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "networks", type_name)


def train_at_times(
    folder: Path, name: str, config: TrainConfig, rows: tuple[int, ...], preparation: Preparation
) -> list[Row]:
    """Train on labels at some of the times, score at these."""
    from ..data.dataset import from_configurations
    from ..training.sources import open_data
    from .cells import RUN, fitted, scored

    data = open_data(config).dataset

    def at(split: str) -> Dataset:
        # End states of trajectories are of all times, and too heavy to be cut for each.
        found = [c.replace(end_positions=None).at_times(rows) for c in data.splits[split]]
        return from_configurations(found, f"{data.source} {split}")

    clock = Clock(folder / RUN)
    model = fitted(config, folder, at("train"), at("validation"), preparation)
    spent = clock.spent()
    return rows_of(
        scored(model, list(at("test")), preparation, name),
        data=data.source,
        parameters=model.n_parameters,
        spent=spent,
        validation=VALIDATION_SPLIT,
    )
