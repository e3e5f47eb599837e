"""Write docs/results/ternary_2d.md: the two-dimensional mixture, simulated and learned.

    python tools/ternary_2d_page.py [--check]

Reads what tools/ternary_2d.py leaves, study_ternary_2d.csv and ternary_2d.json, and
published_2d.csv, the displacements of FIG3 of GlassBench.
"""

from __future__ import annotations

import json
from typing import Any

import bonds_page
import numpy as np
from claim_rows import half_width
from pages import RESULTS, Page, run

from equiglass.studies.base import Row, rhos_of
from equiglass.studies.grid import read_table

TABLE, RECORD = RESULTS / "study_ternary_2d.csv", RESULTS / "ternary_2d.json"
PUBLISHED = RESULTS / "published_2d.csv"

TEXT = """# Two dimensions

```sh
python tools/ternary_2d.py N1290T0.30_3_tc01.npz N1290T0.23_202_tc05.npz work     # two public files
```

The ternary mixture of GlassBench's second set, 600 A, 330 B and 360 C in a square of edge
32.8962 at T = 0.30 (`examples/ternary_2d`), at the first {n_times} of its six published times.
**It is small.** Two runs begin from one public configuration with other velocities. Of one,
{starts} starts 80 τ_LJ apart are learned from, each labelled by the run itself; of the other,
two starts choose the epoch and {ensembles} test, 160 τ_LJ apart, with {runs} runs each. Starts
of a run are not independent: ρ says how a network does on these configurations, and not how it
would on others. {seeds} seeds; the network has {parameters:,} parameters.

| | {times} |
| --- {dashes}|
| mean displacement of A (σ) | {displacement} |
| share of bonds kept by A | {bonds} |
| F_s(7.25) of A | {scattering} |

![ρ against time](study_ternary_2d.png)

ρ of type A, mean over the test configurations; ± is the half width of the 95 % interval, over
configurations and over seeds as in the [claims](../claims.md). Each network is also scored on
what it did not learn, with its sign turned, as [in three dimensions](bonds.md). A dash: at so
short a time some configurations lose no bond, and ρ is not defined.

{table}

Published are FIG3 of GlassBench (Zenodo 10.5281/zenodo.10118191, CC-BY-4.0), pooled over its
tests, of networks that learned from hundreds of configurations.

**On the public file** (one configuration, 20 runs, t = 0.11) the networks of displacements have
{public}; the ceiling of its labels is {ceiling}. The run that was learned from begins at its
positions with other velocities, so that it is not unseen.

## Whether it is the same mixture

The potential is that of `examples/ternary_2d/potential.yaml`, Lennard-Jones cut at 2.5 σ_ab and
shifted; what was published of the set was not read for it. Two public files say how near it is.

**Forces.** In the inherent structure that comes with a file at T = 0.23 they should vanish. Their
root mean square is {share:.2%} of that in its thermal positions; with another mixture of three
species, `examples/lammps/ternary_2d.yaml`, it is {other_share:.0%}.

**Short runs.** {short} runs of 0.11 τ_LJ from the positions of the file at T = 0.30, beside its own
20. The mean displacement of a particle over the runs is what the forces at the start do; the
variance between them is what the velocities and the stiffness do.

{check}

**Energies** of a particle under this potential: the public configuration {public_thermal:.3f}, its
inherent structure {public_inherent:.3f}; late starts of the run {thermal:.3f} ± {thermal_std:.3f}
and {inherent:.3f} ± {inherent_std:.3f} (standard deviation).
"""


def shown(rows: list[Row], learned: str, scored: str, time: float) -> str:
    """ρ over seeds and configurations, with its interval; a dash where one has none."""
    mine = [r for r in rows if (r["learned"], r["scored"], r["time"]) == (learned, scored, time)]
    values = np.array([rhos_of(r) for r in mine])
    if not np.isfinite(values).all():
        return "-"
    half = half_width(values)
    assert half is not None  # three seeds, twelve configurations
    return f"{values.mean():.3f} ± {half:.3f}"


def table(rows: list[Row]) -> str:
    """That of the two targets, and what is published."""
    times = sorted({r["time"] for r in rows})
    lines = bonds_page.table(rows, shown)
    published = read_table(PUBLISHED)
    for method in dict.fromkeys(r["method"] for r in published):
        of = {r["time"]: r["rho"] for r in published if r["method"] == method}
        cells = " | ".join(f"{of[t]:.3f}" for t in times)
        lines.append(f"| *{method}, published* | displacement | {cells} |")
    return "\n".join([*lines, "", bonds_page.core_hours(rows)])


def page() -> str:
    """The whole page."""
    rows = [r for r in read_table(TABLE) if r["type"] == "A"]
    record: dict[str, Any] = json.loads(RECORD.read_text())
    public = [
        next(s for s in scores if s["type"] == "A") for scores in record["public_labels"].values()
    ]
    mean, half = bonds_page.with_half([s["pooled"] for s in public])

    shares = {"share": record["balance"]["own"], "other_share": record["balance"]["other"]}

    def line(key: str) -> str:
        return " | ".join(f"{v:.3f}" for v in record["of_A"][key])

    return TEXT.format(
        n_times=len(record["times"]), starts=record["starts"], ensembles=record["ensembles"],
        runs=record["runs"], seeds=len(public), parameters=rows[0]["parameters"],
        times=" | ".join(f"t = {t:g}" for t in record["times"]),
        dashes="| --- " * len(record["times"]), displacement=line("propensity"),
        bonds=line("bond_breaking"), scattering=line("self_scattering"), table=table(rows),
        public=f"ρ = {mean:.3f} ± {half:.3f} for A (± over seeds)",
        ceiling=f"{public[0]['ceiling']:.3f}", short=record["short_runs"]["runs"],
        check=check(record["short_runs"]["types"]), **record["energies"],
        **{k: v["inherent"] / v["thermal"] for k, v in shares.items()},
    )  # fmt: skip


def check(types: list[dict[str, float]]) -> str:
    """The table of displacements from the public positions."""
    heading = (
        "type", "mean displacement, public on ours: slope", "correlation",
        "the noise of 20 runs allows", "variance, public / ours", "mean distance, public", "ours",
    )  # fmt: skip
    lines = [f"| {' | '.join(heading)} |", "| --- " * len(heading) + "|"]
    for name, v in zip("ABC", types, strict=True):
        values = [f"{v[k]:.3f}" for k in ("slope", "correlation", "ceiling", "scatter")]
        values += [f"{v[k]:.4f}" for k in ("moved", "moved_ours")]
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines)


PAGES = (Page(RESULTS / "ternary_2d.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
