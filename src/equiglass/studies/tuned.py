"""A learning rate for each network, chosen on the validation data among the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError
from .base import Cell, Plan, Row
from .seeds import SEEDED, with_seed
from .spent import Clock, Spent

if TYPE_CHECKING:
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

RATES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
QUICK_RATES = RATES[1:3]
TUNED = SEEDED | {"learning_rates": RATES}  # for Study.fixed
TRIAL = "trial.json"
TUNED_COLUMNS = (
    "learning_rate", "learning_rates_tried", "validation_rho", "tuning_core_seconds", "seed",
)  # fmt: skip


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
            cells.append(Cell(name, train_at_best, arguments, {**columns, "seed": seed}))
    return trials, cells


def trials_of(
    plan: Plan, network: str, config: TrainConfig, temperatures: tuple[float, ...] | None = None
) -> tuple[list[Cell], tuple[Path, ...]]:
    """The trials of a network, see :func:`try_rate`, and their folders."""
    rates = QUICK_RATES if plan.quick else RATES
    cells = [
        Cell(
            f"{network},rate={rate:g}",
            try_rate,
            (with_rate(config, rate), plan.preparation, temperatures),
        )
        for rate in rates
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
    """The trial of the best correlation, its folder, all rates, and the core seconds of all."""

    trial: Trial
    folder: Path
    tried: tuple[float, ...]
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
    tried = tuple(sorted(t.learning_rate for t in trials))
    return Best(
        trials[best], folders[best], tried, sum(spent) if len(spent) == len(trials) else None
    )


def train_at_best(
    folder: Path,
    name: str,
    config: TrainConfig,
    seed: int,
    trials: Sequence[Path],
    preparation: Preparation,
) -> list[Row]:
    """Score a network trained at the best rate; that of the first seed is one of the trials."""
    from ..models.storage import restore
    from ..training.sources import open_data
    from .cells import RUN, fitted, test_rows

    found = best_of(trials)
    best, origin = found.trial, found.folder
    data = open_data(config).dataset
    splits = data.splits
    if seed == 0:
        model, spent = restore(origin / RUN), Spent(best.seconds, best.core_seconds)
    else:
        asked = with_seed(with_rate(config, best.learning_rate), seed)
        clock = Clock(folder / RUN)
        model = fitted(asked, folder, splits["train"], splits["validation"], preparation)
        spent = clock.spent()
    own = tuned_columns(found, model.card.metrics["validation_rho"])
    rows = test_rows(model, data, spent, preparation, name)
    return [{**own, **row} for row in rows]


def tuned_columns(best: Best, validation_rho: float | None) -> Row:
    """What the rows say of the choice of the learning rate; the seed is the cell's."""
    return {
        "learning_rate": best.trial.learning_rate,
        "learning_rates_tried": " ".join(f"{rate:g}" for rate in best.tried),
        "validation_rho": validation_rho,
        "tuning_core_seconds": best.core_seconds,
    }
