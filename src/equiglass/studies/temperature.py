"""From one temperature to another: trained at some, tested at every one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .base import LAST_EPOCH, VALIDATION_SPLIT, Cell, Plan, Row, Study, rows_of
from .spent import Clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.configuration import Configuration
    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig


class Temperature(Study):
    """Each temperature alone, all but one, and all."""

    kind = "temperature"
    help = (
        "trained at each temperature, at all but one and at all, tested at every one, in units of "
        "τ_α"
    )
    columns = ("trained_at", "tested_at", "definition")

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each group of temperatures."""
        from .reduced import at_reduced_times, temperatures_of

        temperatures = temperatures_of(plan.data)
        at_reduced_times(plan.data)  # Before anything is trained: what cannot be compared.
        groups = {f"T={t:g}": [t] for t in temperatures}
        if not plan.quick:
            inner = temperatures[1:-1]
            groups |= {f"without T={t:g}": [u for u in temperatures if u != t] for t in inner}
            groups["all T"] = temperatures
        return [
            [
                trained_at(name, plan.config, group, temperatures, plan.preparation)
                for name, group in groups.items()
            ]
        ]

    def time_label(self, rows: Sequence[Row]) -> str:
        """In units of a relaxation time of this definition."""
        return reduced_label(rows)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """Matrices of training and test temperatures, one for each time."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = of_type(rows, type_name)
        times = sorted({row["time"] for row in mine})
        trained = list(dict.fromkeys(row["trained_at"] for row in mine))
        tested = list(dict.fromkeys(row["tested_at"] for row in mine))
        values = {(row["trained_at"], row["tested_at"], row["time"]): rho(row) for row in mine}
        figure, axes = blank_figure(
            1, len(times), size=(1.2 + 2.1 * len(times), 1.4 + 0.42 * len(trained))
        )
        panels = np.atleast_1d(axes)
        for axis, time in zip(panels, times, strict=True):
            matrix = np.array([[values[a, b, time] for b in tested] for a in trained])
            axis.imshow(matrix, vmin=0.2, vmax=0.9, cmap="viridis", aspect="auto")
            for (i, j), v in np.ndenumerate(matrix):
                color = "w" if v < 0.6 else "k"
                axis.text(j, i, f"{v:.2f}", ha="center", va="center", fontsize=8, color=color)
            axis.set_xticks(range(len(tested)), [f"{t:g}" for t in tested], fontsize=8)
            labels = trained if axis is panels[0] else [""] * len(trained)
            axis.set_yticks(range(len(trained)), labels, fontsize=8)
            axis.set_title(rf"$t/\tau_\alpha$ = {time:g}", fontsize=10)
            axis.set_xlabel("tested at T", fontsize=9)
        panels[0].set_ylabel(f"trained at T (ρ of type {type_name})", fontsize=9)
        figure.suptitle(reduced_label(mine), fontsize=9)
        return figure


def reduced_label(rows: Sequence[Row]) -> str:
    """``t/τ_α``, and by which definition of τ_α."""
    definitions = dict.fromkeys(row["definition"] for row in rows)
    return f"t/τ_α, {', '.join(definitions)}"


def trained_at(
    name: str,
    config: TrainConfig,
    temperatures: Sequence[float],
    tested: Sequence[float],
    preparation: Preparation,
) -> Cell:
    """The cell of a network that learns some temperatures and is tested at others."""
    columns = {"trained_at": ", ".join(f"{t:g}" for t in temperatures)}
    arguments = (name, config, tuple(temperatures), tuple(tested), preparation)
    return Cell(name, train_at_temperatures, arguments, columns)


def at(data: Dataset, split: str, temperatures: Sequence[float]) -> list[Configuration]:
    """The configurations of a split at some temperatures."""
    return [c for c in data.split(split) if c.temperature in temperatures]


def validating(data: Dataset, temperatures: Sequence[float]) -> tuple[list[Configuration], str]:
    """What chooses the epoch, in words too: the validation split, or nothing: the last is taken."""
    found = at(data, "validation", temperatures) if "validation" in data.splits else []
    if not found:
        return [], LAST_EPOCH
    known = sorted({c.temperature for c in found if c.temperature is not None})
    if len(known) == len(set(temperatures)):
        return found, VALIDATION_SPLIT
    return found, f"{VALIDATION_SPLIT} of T = {', '.join(f'{t:g}' for t in known)}"


def train_at_temperatures(
    folder: Path,
    name: str,
    config: TrainConfig,
    temperatures: Sequence[float],
    tested: Sequence[float],
    preparation: Preparation,
) -> list[Row]:
    """Train at some temperatures, score at each of others; times in units of tau_alpha."""
    from ..data.dataset import from_configurations
    from ..training.sources import open_data
    from .cells import RUN, fitted, scored
    from .reduced import at_reduced_times

    reduced = at_reduced_times(open_data(config).dataset)
    data = reduced.data
    clock = Clock(folder / RUN)
    training = at(data, "train", temperatures)
    choosing, validation = validating(data, temperatures)
    model = fitted(
        config,
        folder,
        from_configurations(training, f"{data.source} {name}"),
        from_configurations(choosing),
        preparation,
    )
    spent = clock.spent()
    rows = []
    for temperature in tested:
        found = rows_of(
            scored(model, at(data, "test", [temperature]), preparation, name),
            data=f"T={temperature:g}",
            parameters=model.n_parameters,
            spent=spent,
            validation=validation,
        )
        own = {"tested_at": temperature, "definition": reduced.definition}
        rows += [{**own, **row} for row in found]
    return rows
