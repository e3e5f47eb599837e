"""Whether the learned order parameter is one: S of several networks on the same particles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .across import at
from .base import COMMON_COLUMNS, Cell, Plan, Row, Study, print_of, text_of
from .seeds import SEEDED
from .temperature import TaskOf, reduced_label, train_and_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig


class OrderParameter(Study):
    """Networks of each temperature and seed; how far their S agree on test configurations.

    A row is of two networks: ``rho`` is the correlation of their S, the mean over configurations,
    and ``pooled`` that of all particles together.
    """

    kind = "order-parameter"
    help = (
        "S of networks trained at each temperature, three seeds, on the same test particles: its "
        "correlation between temperatures, and between seeds"
    )
    own_target = True
    columns = (
        "trained_at", "seed", "other_trained_at", "other_seed", "tested_at", "definition",
    )  # fmt: skip
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """The networks, then their comparison."""
        from .reduced import at_reduced_times, temperatures_of

        temperatures = temperatures_of(plan.data)
        at_reduced_times(plan.data)  # Before anything is trained: what cannot be compared.
        networks = {}
        first = []
        for t in temperatures:
            for seed in plan.seeds:
                name = f"T={t:g},seed={seed}"
                networks[name] = (t, seed, plan.folder / name / "run")
                task = TaskOf((t,), tuple(temperatures), seed, (), is_trial=False)
                arguments = (name, plan.config, task, plan.preparation)
                columns = {"trained_at": t, "seed": seed}
                first.append(Cell(name, train_and_test, arguments, columns))
        name = f"compared,seeds={len(plan.seeds)}"
        compared = (name, plan.config, tuple(networks.values()), tuple(temperatures))
        return [first, [Cell(name, compare_order, (*compared, plan.preparation))]]

    def time_label(self, rows: Sequence[Row]) -> str:
        """In units of a relaxation time of this definition."""
        return reduced_label(rows)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """Correlation of S at the longest time, for pairs of training temperatures."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = [r for r in of_type(rows, type_name) if r.get("other_trained_at") is not None]
        last = max(row["time"] for row in mine)
        mine = [row for row in mine if row["time"] == last]
        trained = sorted({row["trained_at"] for row in mine})
        tested = sorted({row["tested_at"] for row in mine})
        figure, axes = blank_figure(1, len(tested), size=(1.2 + 2.4 * len(tested), 2.9))
        for axis, temperature in zip(np.atleast_1d(axes), tested, strict=True):
            for i, a in enumerate(trained):
                for j, b in enumerate(trained):
                    values = [
                        rho(row)
                        for row in mine
                        if {row["trained_at"], row["other_trained_at"]} == {a, b}
                        and row["tested_at"] == temperature
                    ]
                    text = f"{np.mean(values):.2f}" if values else "-"
                    axis.text(j, i, text, ha="center", va="center", fontsize=9)
            span = (-0.5, len(trained) - 0.5)
            axis.set(xlim=span, ylim=span[::-1], title=f"tested at T = {temperature:g}")
            labels = [f"{t:g}" for t in trained]
            axis.set_xticks(range(len(trained)), labels)
            axis.set_yticks(range(len(trained)), labels)
        figure.suptitle(f"correlation of S at {reduced_label(mine)} = {last:g}", fontsize=9)
        return figure


def compare_order(
    folder: Path,
    name: str,
    config: TrainConfig,
    networks: Sequence[tuple[float, int, Path]],
    tested: Sequence[float],
    preparation: Preparation,
) -> list[Row]:
    """Correlations of S between every two networks; those of one temperature differ in the seed."""
    import numpy as np

    from ..data.configuration import TYPE_NAMES
    from ..evaluation.correlation import mean_and_std, pearson
    from ..models.prepared import prepared
    from ..models.storage import restore
    from ..training.sources import open_data
    from .reduced import at_reduced_times

    reduced = at_reduced_times(open_data(config).dataset)
    models = [restore(run) for *_, run in networks]
    rows: list[Row] = []
    for temperature in tested:
        full = prepared(models[0], at(reduced.data, "test", [temperature]), preparation)
        order = [[m.order_parameter(c) for c in full] for m in models]
        for i, j in combinations(range(len(networks)), 2):
            own: Row = {
                "trained_at": networks[i][0], "seed": networks[i][1],
                "other_trained_at": networks[j][0], "other_seed": networks[j][1],
                "tested_at": temperature, "definition": reduced.definition,
            }  # fmt: skip
            for t in range(models[0].n_types):
                for k, time in enumerate(models[0].times):
                    found = [
                        pearson(a[k][c.types == t], b[k][c.types == t])
                        for a, b, c in zip(order[i], order[j], full, strict=True)
                    ]
                    mean, std = mean_and_std(found)
                    every: list[Any] = [
                        np.concatenate(
                            [s[k][c.types == t] for s, c in zip(part, full, strict=True)]
                        )
                        for part in (order[i], order[j])
                    ]
                    values = (
                        None, None, None, None, f"T={temperature:g}", TYPE_NAMES[t], time, mean,
                        std, pearson(*every), None, len(found), text_of(found),
                        print_of(full),
                    )  # fmt: skip
                    rows.append({**own, **dict(zip(COMMON_COLUMNS, values, strict=True))})
    return rows
