"""Write docs/results/labels.md: what labels of one run are worth beside those of many.

    python tools/labels_page.py [--check]

Reads docs/results/study_labels.csv, the table of `equiglass study labels`, and
docs/results/dynamics_benchmark.json, what dynamics and quenches cost.
"""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
from pages import RESULTS, Page, run

from equiglass.evaluation.intervals import mean_interval
from equiglass.studies.base import Row
from equiglass.studies.grid import read_table
from equiglass.studies.labels import seed_means

TABLE = RESULTS / "study_labels.csv"
COST = RESULTS / "dynamics_benchmark.json"
FIGURE = "study_labels.png"
MANY = 32

TEXT = """# Labels of one run, or of many

```sh
equiglass simulate ka3d_labels -o labels/ensembles.zarr
equiglass simulate ka3d_labels:few -o labels/few.zarr
equiglass simulate ka3d_labels:chains -o labels/chains.zarr
equiglass study labels ka3d_labels_train -o labels_study
```

![ρ against the time simulated]({figure})

Kob–Andersen at T = 0.64, N = 2000, times up to t = {last:g} (the relaxation time of the published
grid). Networks are trained on labels of 32 runs from each of a few configurations, of 8 runs from
more, or of the one run that a chain is anyway, with a start every t = {last:g}. All have {steps}
steps, the same validation ensemble, which chose the epoch, and the same {n_test} test ensembles of
32 runs. Three seeds, each of which also draws the configurations where there are more than needed.
ρ is Pearson's, type A, mean over the test configurations; ± is the half width of the 95 % interval
over the seeds (Student's t).

{table}

**Cost** is that of the labels and of the inherent structures: {tau:.3f} core-seconds for a τ of
dynamics and {quench:.2f} for a quench of reference accuracy ([run](dynamics_benchmark.json), least
of several on a shared machine). Not counted are equilibrations, one for each ensemble and one for
each of the eight chains, and validation and tests, which are the same for all. Labels of chains are
those of the run forward.

**At the longest time.** {verdict}
"""


def hours(row: Row, cost: dict[str, object]) -> float:
    """Core-hours of the labels and quenches behind a row."""
    quench = cost["quench_seconds"]["reference"]  # type: ignore[index]
    seconds = row["simulated"] * cost["seconds_per_tau"] + row["configurations"] * quench
    return float(seconds) / 3600


def groups(rows: list[Row]) -> dict[tuple[int, int], list[Row]]:
    """Rows by number of runs and of configurations."""
    found: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["runs"], row["configurations"]), []).append(row)
    return found


def interval(rows: list[Row]) -> tuple[float, float]:
    """Mean over seeds, and the half width of its interval."""
    found = mean_interval(list(seed_means(rows).values()))
    assert found is not None  # three seeds
    return found


def table(rows: list[Row], last: float, cost: dict[str, object]) -> list[str]:
    """A line for each number of runs and of configurations."""
    lines = [
        "| runs of each | configurations | simulated, τ | core-hours | "
        f"ρ, t = {last:g} | ρ, mean over times |",
        "| -: | -: | -: | -: | -: | -: |",
    ]
    for (runs, number), mine in groups(rows).items():
        late = interval([r for r in mine if r["time"] == last])
        whole = interval(mine)
        lines.append(
            f"| {runs} | {number} | {mine[0]['simulated']:g} | {hours(mine[0], cost):.3f} | "
            f"{late[0]:.3f} ± {late[1]:.3f} | {whole[0]:.3f} ± {whole[1]:.3f} |"
        )
    return lines


def reached_at(single: list[tuple[float, float]], rho: float) -> float | None:
    """Core-hours at which the curve of single runs reaches a correlation, on a log scale."""
    if single[0][1] >= rho:
        return single[0][0]
    for (x0, y0), (x1, y1) in pairwise(single):
        if y0 < rho <= y1:
            share = (rho - y0) / (y1 - y0)
            return float(np.exp(np.log(x0) + share * np.log(x1 / x0)))
    return None


def verdict(rows: list[Row], last: float, cost: dict[str, object]) -> str:
    """At which share of the cost single runs reach what ensembles do, level by level."""
    late = groups([r for r in rows if r["time"] == last])
    single = sorted((hours(v[0], cost), interval(v)[0]) for (n, _), v in late.items() if n == 1)
    sentences = []
    for (runs, number), mine in late.items():
        if runs != MANY:
            continue
        spent, rho = hours(mine[0], cost), interval(mine)[0]
        at = reached_at(single, rho)
        what = f"the {rho:.3f} of {number} × {runs} runs ({spent:.3f} core-hours)"
        if at is None:
            sentences.append(f"Single runs do not reach {what}.")
        else:
            below = " or less" if at == single[0][0] else ""
            share = f"{100 * at / spent:.0f} % of the cost{below}"
            sentences.append(f"Single runs reach {what} at {share}.")
    return " ".join(sentences)


def page() -> str:
    """The page."""
    rows = [r for r in read_table(TABLE) if r["type"] == "A"]
    cost = json.loads(COST.read_text())
    last = max(r["time"] for r in rows)
    return TEXT.format(
        figure=FIGURE,
        last=last,
        steps=4 * max(r["configurations"] for r in rows),
        n_test=rows[0]["n_configurations"],
        table="\n".join(table(rows, last, cost)),
        tau=cost["seconds_per_tau"],
        quench=cost["quench_seconds"]["reference"],
        verdict=verdict(rows, last, cost),
    )


PAGES = (Page(RESULTS / "labels.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
