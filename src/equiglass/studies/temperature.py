"""From one temperature to another: trained at some, tested at every one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InputError
from .across import at, material, reduced_data, rows_at, validating
from .base import Cell, Plan, Row, Study
from .networks import NETWORKS, SE3, SHARES, SOLVED, chosen_networks
from .rates import TRIED, place_of, rows_of_fewer, shown
from .seeds import with_seed
from .spent import Clock, Spent
from .tuned import TUNED, TUNED_COLUMNS, best_of, trials_of, tuned_columns, with_epochs, with_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig


class Temperature(Study):
    """Each temperature alone, all but one, and all; the latter two for the network itself.

    All trainings of a model have as many steps, those of the temperature with the most training
    configurations. Each model has the same learning rates to choose from, with the first seed, at
    the warmest temperature that has validation data.
    """

    kind = "temperature"
    help = (
        "trained at each temperature, at all but one and at all, tested at every one, in units of "
        "τ_α; learning rates chosen on validation data, three seeds"
    )
    columns = ("network", "trained_at", "tested_at", "definition", "tuned_at", *TUNED_COLUMNS)
    fixed = TUNED | {"epochs": SHARES}
    networks = tuple(NETWORKS)

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates, then a model for each group of temperatures and seed."""
        from .reduced import at_reduced_times, temperatures_of

        temperatures = temperatures_of(plan.data)
        data = at_reduced_times(plan.data).data  # Before anything is trained.
        groups = {f"T={t:g}": [t] for t in temperatures}
        if not plan.quick:
            inner = temperatures[1:-1]
            groups |= {f"without T={t:g}": [u for u in temperatures if u != t] for t in inner}
            groups["all T"] = temperatures
        tuning = tuning_temperature(data, temperatures)
        tested = data.split("test").temperatures()
        first = data.splits["train"][0]
        assert first.times is not None
        trials: list[Cell] = []
        cells: list[Cell] = []
        for label, group in groups.items():
            config = with_equal_steps(plan.config, data, group)
            models = chosen_networks(config, plan.networks, first.n_types, len(first.times))
            for network, settings in models.items():
                if len(group) > 1 and network != SE3:
                    continue
                solved = network in SOLVED
                if group == [tuning] and not solved:
                    trials += trials_of(plan, network, settings, (tuning,))[0]
                folders = () if solved else trials_of(plan, network, settings)[1]
                for seed in (None,) if solved else plan.seeds:
                    name = f"{network},{label}" + ("" if seed is None else f",seed={seed}")
                    task = TaskOf(tuple(group), tuple(tested), seed, folders, group == [tuning])
                    columns = {
                        "network": network, "seed": seed, "tuned_at": None if solved else tuning,
                        "trained_at": ", ".join(f"{t:g}" for t in group),
                        TRIED: None if solved else shown(*plan.learning_rates),
                    }  # fmt: skip
                    arguments = (name, settings, task, plan.preparation)
                    cells.append(Cell(name, train_and_test, arguments, columns))
        return [trials, cells]

    def time_label(self, rows: Sequence[Row]) -> str:
        """In units of a relaxation time of this definition."""
        return reduced_label(rows)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """Matrices of training and test temperatures, a row for each model, means over seeds."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = of_type(rows, type_name)
        times = sorted({row["time"] for row in mine})
        networks = list(dict.fromkeys(row.get("network") for row in mine))
        trained = list(dict.fromkeys(row["trained_at"] for row in mine))
        tested = list(dict.fromkeys(row["tested_at"] for row in mine))
        found: dict[Any, list[float]] = {}
        for row in mine:
            key = (row.get("network"), row["trained_at"], row["tested_at"], row["time"])
            found.setdefault(key, []).append(rho(row))
        height = (1.0 + 0.42 * len(trained)) * len(networks) + 0.4
        figure, axes = blank_figure(
            len(networks), len(times), size=(1.2 + 2.1 * len(times), height)
        )
        for panels, network in zip(np.reshape(axes, (len(networks), -1)), networks, strict=True):
            for axis, time in zip(panels, times, strict=True):
                matrix = np.array(
                    [
                        [np.mean(found.get((network, a, b, time), [np.nan])) for b in tested]
                        for a in trained
                    ]
                )
                axis.imshow(matrix, vmin=0.2, vmax=0.9, cmap="viridis", aspect="auto")
                for (i, j), v in np.ndenumerate(matrix):
                    text, color = (
                        ("-", "k") if np.isnan(v) else (f"{v:.2f}", "w" if v < 0.6 else "k")
                    )
                    axis.text(j, i, text, ha="center", va="center", fontsize=8, color=color)
                axis.set_xticks(range(len(tested)), [f"{t:g}" for t in tested], fontsize=8)
                labels = trained if axis is panels[0] else [""] * len(trained)
                axis.set_yticks(range(len(trained)), labels, fontsize=8)
                axis.set_title(rf"$t/\tau_\alpha$ = {time:g}", fontsize=10)
                axis.set_xlabel("tested at T", fontsize=9)
            named = "" if network is None else f"{network}, "
            panels[0].set_ylabel(f"{named}trained at T (ρ of type {type_name})", fontsize=8)
        figure.suptitle(reduced_label(mine), fontsize=9)
        return figure


def reduced_label(rows: Sequence[Row]) -> str:
    """``t/τ_α``, and by which definition of τ_α."""
    definitions = dict.fromkeys(row["definition"] for row in rows)
    return f"t/τ_α, {', '.join(definitions)}"


def tuning_temperature(data: Dataset, temperatures: Sequence[float]) -> float:
    """The warmest temperature that has validation data.

    Raises
    ------
    InputError
        If none has.
    """
    known = [t for t in temperatures if validating(data, [t])[0]]
    if not known:
        raise InputError(
            "learning rates are chosen on validation data, and no temperature has some",
            source=data.source, field="validation", found=[*data.splits],
        )  # fmt: skip
    return max(known)


def with_equal_steps(config: TrainConfig, data: Dataset, group: Sequence[float]) -> TrainConfig:
    """The training of a group of temperatures in as many steps as the largest of one takes."""
    from .reduced import temperatures_of

    most = max(len(at(data, "train", [t])) for t in temperatures_of(data))
    epochs = max(1, round(config.optimizer.epochs * most / len(at(data, "train", group))))
    return with_epochs(config, epochs)


class TaskOf(NamedTuple):
    """What a cell trains and tests at; the trials of its model, and whether one is its training."""

    temperatures: tuple[float, ...]
    tested: tuple[float, ...]
    seed: int | None
    trials: tuple[Path, ...]
    is_trial: bool


def train_and_test(
    folder: Path, name: str, config: TrainConfig, task: TaskOf, preparation: Preparation
) -> list[Row]:
    """Train at some temperatures, score at each of others; times in units of tau_alpha."""
    from ..models.prepared import prepared
    from ..models.storage import restore
    from .cells import RUN, fitted

    own: Row = {}
    best = best_of(task.trials) if task.trials else None
    if best is not None and (left := rows_of_fewer(folder, best)) is not None:
        return left
    training, choosing, words = material(config, task.temperatures)
    if best is not None and task.is_trial and task.seed == 0:
        model = restore(best.folder / RUN)
        spent = Spent(best.trial.seconds, best.trial.core_seconds)
    else:
        place = folder
        if best is not None:
            config = with_rate(config, best.trial.learning_rate)
            place = place_of(folder, best.trial.learning_rate)
        clock = Clock(place / RUN)
        seeded = with_seed(config, task.seed or 0)
        model = fitted(seeded, place, training, choosing, preparation)
        spent = clock.spent()
    if best is not None:
        own = tuned_columns(best, model.card.metrics.get("validation_rho"))
    reduced = reduced_data(config)
    rows: list[Row] = []
    for t in task.tested:
        full = prepared(model, at(reduced.data, "test", [t]), preparation)
        found = rows_at(model, full, name, temperature=t, spent=spent, validation=words)
        columns = {"tested_at": t, "definition": reduced.definition, **own}
        rows += [{**columns, **row} for row in found]
    return rows
