"""What is learned: displacements or bonds, and how far one says the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .base import VALIDATION_SPLIT, Cell, Plan, Row, Study, require_splits, rows_of
from .seeds import SEEDED, seed_curves, with_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..simulation.target import TargetName
    from ..training.config import TrainConfig


class Targets(Study):
    """The same network for displacements and for bonds, each scored on both."""

    kind = "target"
    help = "displacements or bonds learned by the same network, each scored on both; three seeds"
    columns = ("learned", "scored", "seed")
    own_target = True
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each target and seed."""
        from ..simulation.target import TARGETS

        require_splits(plan.data)
        cells = []
        for target in TARGETS.values():
            for seed in plan.seeds:
                name = f"{target.name},seed={seed}"
                config = with_seed(learning(plan.config, target.name), seed)
                columns = {"learned": target.name, "seed": seed}
                arguments = (name, config, plan.preparation)
                cells.append(Cell(name, train_and_score_on_both, arguments, columns))
        return [cells]

    def check(self, data: Dataset, preparation: Preparation) -> None:
        """A test configuration must have labels of every target: by both each is scored."""
        from ..simulation.target import TARGETS

        first = data.splits["test"][0]
        for target in TARGETS.values():
            target.of(first, potential=preparation.potential)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        named = [{**row, "pair": f"{row['learned']}, scored on {row['scored']}"} for row in rows]
        return seed_curves(named, "pair", type_name)


def learning(config: TrainConfig, target: TargetName) -> TrainConfig:
    """The same training on another target."""
    data = config.data.model_copy(update={"target": target})
    return config.model_copy(update={"data": data})


def train_and_score_on_both(
    folder: Path, name: str, config: TrainConfig, preparation: Preparation
) -> list[Row]:
    """Train on one target, score on both: who moves keeps fewer bonds, so the other negated."""
    from ..evaluation.score import score
    from ..models.prepared import prepared
    from ..simulation.target import TARGETS
    from .cells import fitted_on_splits

    model, data, spent = fitted_on_splits(folder, config, preparation)
    test = prepared(model, list(data.splits["test"]), preparation)
    potential = preparation.potential or model.potential
    rows: list[Row] = []
    for target in TARGETS.values():
        sign = 1 if target is model.target else -1
        found = score(
            lambda c, sign=sign: sign * model.predict(c),  # type: ignore[misc]
            model.times,
            [target.of(c, potential=potential) for c in test],
            model=name, data=data.source, target=target.name,
        )  # fmt: skip
        for row in rows_of(
            found, data=data.source, parameters=model.n_parameters, spent=spent,
            validation=VALIDATION_SPLIT,
        ):  # fmt: skip
            rows.append({"scored": target.name, **row})
    return rows
