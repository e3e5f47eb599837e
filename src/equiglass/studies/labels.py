"""Labels: few configurations with many runs each, or many with few, at the same cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .base import VALIDATION_SPLIT, Cell, Plan, Row, Study, require_splits, rows_of
from .seeds import SEEDED, with_seed
from .spent import Clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.configuration import Configuration
    from ..data.dataset import Dataset
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig


class Labels(Study):
    """What a simulated unit of time is best spent on: runs, or structures.

    The training configurations are grouped by the number of runs behind their labels, and each
    group is cut to 1, 2, 4, ... configurations. A configuration costs its runs times the longest
    lag, tau_LJ of dynamics; a chain with a start every longest lag costs the same for each start.
    Not counted are equilibrations (one for each ensemble or chain), validation and tests.
    """

    kind = "labels"
    help = (
        "labels of many runs on few configurations against those of few runs, or one, on many, "
        "by the time simulated; three seeds, which also draw the configurations"
    )
    columns = ("runs", "configurations", "simulated", "seed")
    own_target = True
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each group, number of configurations and seed, all with as many steps."""
        require_splits(plan.data)
        costs = costs_of(plan.data.split("train"))
        most = max(costs)
        steps = plan.config.optimizer.epochs * max(n for n, _ in costs.values())
        cells = []
        for runs, (available, cost) in sorted(costs.items(), reverse=True):
            every = powers_of_two(available)
            # Nothing is learned below a quarter of what one of the dearest labels costs.
            sizes = [k for k in every if 4 * k * runs >= most] or every[-1:]
            for k in sorted({sizes[0], sizes[-1]}) if plan.quick else sizes:
                for seed in plan.seeds:
                    name = f"runs={runs},n={k},seed={seed}"
                    epochs = 2 if plan.quick else max(1, round(steps / k))
                    optimizer = plan.config.optimizer.model_copy(update={"epochs": epochs})
                    config = with_seed(plan.config, seed).model_copy(
                        update={"optimizer": optimizer}
                    )
                    arguments = (name, config, runs, k, plan.preparation)
                    columns = {
                        "runs": runs, "configurations": k, "simulated": k * cost, "seed": seed,
                    }  # fmt: skip
                    cells.append(Cell(name, train_on_some, arguments, columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against the time simulated: at the longest lag, and averaged over all."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type

        mine = of_type(rows, type_name)
        last = max(row["time"] for row in mine)
        figure, axes = blank_figure(1, 2, size=(9.5, 4))
        panels = {f"t = {last:g}": [r for r in mine if r["time"] == last], "mean over times": mine}
        for axis, (title, chosen) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            for number, runs in enumerate(sorted({row["runs"] for row in chosen}, reverse=True)):
                points = seed_means([row for row in chosen if row["runs"] == runs])
                spent = sorted({at for at, _ in points})
                means = [np.mean([v for (at, _), v in points.items() if at == x]) for x in spent]
                label = f"{runs} runs each" if runs > 1 else "single runs"
                axis.plot(spent, means, "-", color=f"C{number}", label=label)
                axis.plot([at for at, _ in points], list(points.values()), ".", color=f"C{number}")
            axis.set(xscale="log", xlabel=r"simulated for labels ($\tau_{LJ}$)", title=title)
            levels = sorted({row["simulated"] for row in chosen})
            axis.set_xticks(levels, labels=[f"{level:g}" for level in levels])
            axis.minorticks_off()
            axis.grid(alpha=0.25)
        np.atleast_1d(axes)[0].set_ylabel(rf"Pearson $\rho$, type {type_name}")
        np.atleast_1d(axes)[0].legend(fontsize=8, frameon=False)
        return figure


def seed_means(rows: Sequence[Row]) -> dict[tuple[float, int], float]:
    """ρ averaged over times, for each time simulated and seed."""
    import numpy as np

    from .figures import rho

    grouped: dict[tuple[float, int], list[float]] = {}
    for row in rows:
        grouped.setdefault((row["simulated"], row["seed"]), []).append(rho(row))
    return {key: float(np.nanmean(values)) for key, values in grouped.items()}


def powers_of_two(largest: int) -> list[int]:
    """1, 2, 4, ... up to a number."""
    return [2**k for k in range(largest.bit_length())]


def costs_of(training: Dataset) -> Mapping[int, tuple[int, float]]:
    """By number of runs: how many configurations there are, and the time simulated for one.

    Raises
    ------
    InputError
        If a configuration does not state its runs, longest lags differ, or all have as many runs.
    """
    longest: dict[int, list[float]] = {}
    for c in training:
        if c.n_trajectories is None or c.times is None:
            raise InputError(
                "does not state how many runs its label is the mean of", source=c.source,
                field="n_trajectories",
            )  # fmt: skip
        longest.setdefault(c.n_trajectories, []).append(float(c.times[-1]))
    lags = {lag for values in longest.values() for lag in values}
    if len(lags) > 1:
        raise InputError(
            "configurations with different longest lags are not compared",
            source=training.source, field="times", found=sorted(lags),
        )  # fmt: skip
    if len(longest) < 2:
        raise InputError(
            "all labels are of as many runs: nothing to compare", source=training.source,
            field="n_trajectories", expected="several numbers, such as 32 and 1",
            found=sorted(longest),
        )  # fmt: skip
    return {runs: (len(v), runs * v[0]) for runs, v in longest.items()}


def some_of(training: Dataset, runs: int, number: int, seed: int) -> list[Configuration]:
    """So many of the configurations with this number of runs, drawn by the seed."""
    import numpy as np

    group = [c.replace(end_positions=None) for c in training if c.n_trajectories == runs]
    order = np.random.default_rng([seed, runs]).permutation(len(group))
    return [group[k] for k in sorted(order[:number])]


def train_on_some(
    folder: Path,
    name: str,
    config: TrainConfig,
    runs: int,
    number: int,
    preparation: Preparation,
) -> list[Row]:
    """Train on some of the configurations, score on the test ensembles."""
    from ..data.dataset import from_configurations
    from ..training.sources import open_data
    from .cells import RUN, fitted, scored

    data = open_data(config).dataset
    splits = data.splits
    training = from_configurations(some_of(splits["train"], runs, number, config.seed))
    clock = Clock(folder / RUN)
    model = fitted(config, folder, training, splits["validation"], preparation)
    spent = clock.spent()
    return rows_of(
        scored(model, list(splits["test"]), preparation, name),
        data=data.source,
        parameters=model.n_parameters,
        spent=spent,
        validation=VALIDATION_SPLIT,
    )
