"""Several seeds of the same training: who trains them, and curves with what they scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import Row, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..training.config import TrainConfig

SEEDS = (0, 1, 2)
SEEDED = {"seeds": SEEDS}  # for Study.fixed


def seeds_of(study: Study, number: int | None, quick: bool) -> tuple[int, ...]:
    """So many, by default three, or one where it is only to be seen that all runs.

    Raises
    ------
    InputError
        If the study trains nothing several times, or for no seed at all.
    """
    if number is None:
        return SEEDS[:1] if quick else SEEDS
    if "seeds" not in study.fixed:
        raise InputError(f"the study {study.kind} has one seed", field="seeds", found=number)
    if number < 1:
        raise InputError("too few", field="seeds", expected="at least 1", found=number)
    return tuple(range(number))


def with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    """The same training with another seed of weights and order."""
    return config.model_copy(update={"seed": config.seed + seed})


def of_networks(rows: Sequence[Row], column: str) -> list[Row]:
    """The rows, named in this column by the network, too, where they are of several."""
    several = len({row.get("network") for row in rows}) > 1
    return [{**r, column: f"{r['network']}, {r[column]}"} if several else r for r in rows]


def seed_curves(rows: Sequence[Row], key: str, type_name: str = "A") -> Figure:
    """ρ against time, a curve for each value of a column; bars are the range over seeds.

    The seeds are the rows that agree in this column, the time and the data. Of several data sets
    the first is drawn. Tables without the column have a curve for each variant.
    """
    import numpy as np

    from ..drawing import blank_figure
    from .figures import of_type, rho

    mine = of_type(rows, type_name)
    mine = [row for row in mine if row["data"] == mine[0]["data"]]
    figure, axis = blank_figure(size=(7.5, 4.2))
    names = [row.get(key) or row["variant"] for row in mine]
    for value in dict.fromkeys(names):
        curve = [row for row, name in zip(mine, names, strict=True) if name == value]
        times = sorted({row["time"] for row in curve})
        found = [np.array([rho(r) for r in curve if r["time"] == t]) for t in times]
        means = np.array([v.mean() for v in found])
        down = means - [v.min() for v in found]
        up = np.array([v.max() for v in found]) - means
        axis.errorbar(times, means, [down, up], fmt="o-", ms=4, capsize=2, label=str(value))
    axis.set(xscale="log", xlabel="time $t$ (LJ)", ylabel=rf"Pearson $\rho$, type {type_name}")
    axis.grid(alpha=0.25)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    return figure
