"""A learning rate for each network, chosen on the validation data among the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError
from .base import Cell, Plan, Row
from .rates import CHOSEN, RATES, SPENT, TRIED, place_of, rows_of_fewer, shown
from .seeds import SEEDED, with_seed
from .spent import Clock, Spent

if TYPE_CHECKING:
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

TUNED = SEEDED | {"learning_rates": RATES}  # for Study.fixed
TRIAL = "trial.json"
TUNED_COLUMNS = (CHOSEN, TRIED, "validation_rho", SPENT, "seed")


class Trial(NamedTuple):
    """A training with one of the rates; no correlation where it diverged."""

    learning_rate: float
    validation_rho: float | None
    seconds: float
    core_seconds: float | None


def tuned_cells(
    plan: Plan, networks: dict[str, tuple[TrainConfig, Row]]
) -> tuple[list[Cell], list[Cell]]:
    """The trials of every network with the first seed, and the trainings at the best rates.

    Parameters
    ----------
    networks
        By name, the training and what its rows have in the study's columns.
    """
    trials, cells = [], []
    for network, (config, columns) in networks.items():
        own, folders = trials_of(plan, network, config)
        trials += own
        for seed in plan.seeds:
            name = f"{network},seed={seed}"
            arguments = (name, config, seed, folders, plan.preparation)
            own_columns = {**columns, "seed": seed, TRIED: shown(*plan.learning_rates)}
            cells.append(Cell(name, train_at_best, arguments, own_columns))
    return trials, cells


def trials_of(
    plan: Plan, network: str, config: TrainConfig, temperatures: tuple[float, ...] | None = None
) -> tuple[list[Cell], tuple[Path, ...]]:
    """The trials of a network, see :func:`try_rate`, and their folders."""
    cells = [
        Cell(
            f"{network},rate={shown(rate)}",
            try_rate,
            (with_rate(config, rate), plan.preparation, temperatures),
        )
        for rate in plan.learning_rates
    ]
    return cells, tuple(plan.folder / cell.variant for cell in cells)


def with_rate(config: TrainConfig, rate: float) -> TrainConfig:
    """The same training at another peak of the learning rate."""
    optimizer = config.optimizer.model_copy(update={"learning_rate": rate})
    return config.model_copy(update={"optimizer": optimizer})


def with_epochs(config: TrainConfig, epochs: int) -> TrainConfig:
    """The same training with another number of epochs, over which the learning rate falls."""
    optimizer = config.optimizer.model_copy(update={"epochs": epochs})
    return config.model_copy(update={"optimizer": optimizer})


def try_rate(
    folder: Path,
    config: TrainConfig,
    preparation: Preparation,
    temperatures: tuple[float, ...] | None = None,
) -> list[Row]:
    """Train, and keep how well that did on the validation data; no rows of a table.

    With ``temperatures`` on the data of these, at reduced times.
    """
    from ..training.sources import open_data
    from ..written import write_json
    from .across import material
    from .cells import RUN, fitted

    if temperatures is None:
        splits = open_data(config).dataset.splits
        training, validation = splits["train"], splits["validation"]
    else:
        training, validation, _ = material(config, temperatures)
    clock = Clock(folder / RUN)
    rho = None
    try:
        model = fitted(config, folder, training, validation, preparation)
        rho = model.card.metrics["validation_rho"]
    except InputError as error:
        if "diverged" not in str(error):
            raise
    trial = Trial(config.optimizer.learning_rate, rho, *clock.spent())
    write_json(folder / TRIAL, trial._asdict())
    return []


class Best(NamedTuple):
    """The trial of the best correlation, its folder, and the core seconds of all."""

    trial: Trial
    folder: Path
    core_seconds: float | None


def best_of(folders: Sequence[Path]) -> Best:
    """The trial of the best correlation; one that diverged has none, and was tried, too.

    Raises
    ------
    InputError
        If all diverged.
    """
    from ..written import read_json

    trials = [Trial(**read_json(folder / TRIAL)) for folder in folders]
    ranked = [(t.validation_rho, k) for k, t in enumerate(trials) if t.validation_rho is not None]
    if not ranked:
        raise InputError("the training diverged at every learning rate", source=folders[0])
    spent = [t.core_seconds for t in trials if t.core_seconds is not None]
    _, best = max(ranked)
    return Best(trials[best], folders[best], sum(spent) if len(spent) == len(trials) else None)


def train_at_best(
    folder: Path,
    name: str,
    config: TrainConfig,
    seed: int,
    trials: Sequence[Path],
    preparation: Preparation,
) -> list[Row]:
    """Score a network trained at the best rate; that of the first seed is one of the trials.

    Where the cell was finished with fewer rates to choose from and the best is the same, nothing is
    trained.
    """
    from ..models.storage import restore
    from ..training.sources import open_data
    from .cells import RUN, fitted, test_rows

    found = best_of(trials)
    best, origin = found.trial, found.folder
    if (left := rows_of_fewer(folder, found)) is not None:
        return left
    data = open_data(config).dataset
    splits = data.splits
    if seed == 0:
        model, spent = restore(origin / RUN), Spent(best.seconds, best.core_seconds)
    else:
        asked = with_seed(with_rate(config, best.learning_rate), seed)
        place = place_of(folder, best.learning_rate)
        clock = Clock(place / RUN)
        model = fitted(asked, place, splits["train"], splits["validation"], preparation)
        spent = clock.spent()
    own = tuned_columns(found, model.card.metrics["validation_rho"])
    rows = test_rows(model, data, spent, preparation, name)
    return [{**own, **row} for row in rows]


def tuned_columns(best: Best, validation_rho: float | None) -> Row:
    """What the rows say of the choice of the learning rate; seed and rates are the cell's."""
    return {
        CHOSEN: best.trial.learning_rate,
        "validation_rho": validation_rho,
        SPENT: best.core_seconds,
    }
