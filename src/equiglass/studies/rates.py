"""The learning rates that a study tries, and what stays of a study that tried fewer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .base import Row, Study
from .record import RESULT, Record, listed

if TYPE_CHECKING:
    from .tuned import Best

RATES = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
QUICK_RATES = RATES[1:3]
CHOSEN, TRIED, SPENT = "learning_rate", "learning_rates_tried", "tuning_core_seconds"  # columns


def rates_of(
    study: Study, asked: Iterable[Any] | None, quick: bool, stored: Record | None = None
) -> tuple[float, ...]:
    """Those that are asked for, rising and each once.

    Where none are, those of the record of the folder, or :data:`RATES` for a new one.

    Raises
    ------
    InputError
        If the study chooses no learning rate, or one is none that a configuration file could have,
        or has more digits than the names of folders show.
    """
    from ..training.config import OptimizerConfig

    if asked is None:
        same = stored is not None and stored.get("kind") == study.kind
        begun = listed(stored, "learning_rates") if stored and same else []
        asked = begun or (QUICK_RATES if quick else RATES)
    elif "learning_rates" not in study.fixed:
        raise InputError(
            f"the study {study.kind} chooses no learning rate", field="learning_rates",
            found=[*asked],
        )  # fmt: skip
    given = [*asked]
    try:
        rates = sorted({OptimizerConfig(learning_rate=rate).learning_rate for rate in given})
    except ValueError:
        rates = []
    if not rates or any(float(shown(rate)) != rate for rate in rates):
        raise InputError(
            "not learning rates", field="learning_rates",
            expected="numbers above 0 of at most six digits", found=given,
        )  # fmt: skip
    return tuple(rates)


def shown(*rates: float) -> str:
    """Rates in the names of folders and in tables."""
    return " ".join(f"{rate:g}" for rate in rates)


def rows_of_fewer(folder: Path, best: Best) -> list[Row] | None:
    """The rows that a study of fewer rates has left of a cell, where its best is this one, too.

    Without the rates tried, which the cell knows, and with what the trials of all have taken.
    """
    from .grid import read_rows

    try:
        rows = read_rows(folder / RESULT)
    except InputError:
        return None
    if not rows or any(row.get(CHOSEN) != best.trial.learning_rate for row in rows):
        return None
    return [
        {k: v for k, v in row.items() if k != TRIED} | {SPENT: best.core_seconds} for row in rows
    ]


def place_of(folder: Path, rate: float) -> Path:
    """Where a cell trains at this rate: beside what a study of fewer rates trained at another."""
    from ..training.config import TrainConfig
    from ..training.folder import CONFIG
    from ..yaml_config import load_yaml
    from .cells import RUN

    begun = folder / RUN / CONFIG
    if begun.is_file() and load_yaml(begun, TrainConfig).optimizer.learning_rate != rate:
        return folder / f"rate={shown(rate)}"
    return folder
