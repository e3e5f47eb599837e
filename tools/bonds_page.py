"""Write docs/results/bonds.md: displacements and bonds, learned by the same network.

    python tools/bonds_page.py [--check]
    python tools/bonds_page.py --public FOLDER     # of BOTAN files: how noisy their labels are

Reads docs/results/study_target.csv, the table of `equiglass study target`, which
`python tools/studies_page.py --collect FOLDER` keeps, and docs/results/bonds_public.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pages import RESULTS, Page, run

from equiglass.data.dataset import read
from equiglass.evaluation.intervals import mean_interval
from equiglass.evaluation.noise import noise_of, reliability
from equiglass.simulation.target import TARGETS
from equiglass.studies.base import Row
from equiglass.studies.grid import read_table

TABLE, PUBLIC = RESULTS / "study_target.csv", RESULTS / "bonds_public.json"

TEXT = """# Displacements and bonds

```sh
equiglass study target ka3d_train:target -o target
```

![ρ against time](study_target.png)

The packaged Kob–Andersen data at T = 0.56: four configurations of 1000 particles train, one
chooses the epoch, {n_test} test. One network of {parameters:,} parameters, {n_seeds} seeds,
learns the propensity, or the [share of bonds kept](../data.md#targets); settings, inputs and
order of configurations are the same. Each is scored on both: who moves keeps fewer bonds, so a
network is scored on what it did not learn with its sign turned. ρ is Pearson's, type {type},
mean over the test configurations; ± is the half width of the 95 % interval over the seeds
(Student's t), which says nothing of other configurations.

{table}

{verdict}

The labels are means over 32 runs; the packaged data keep halves of displacements and not of
bonds, so that the noise ceiling of the bonds, and how much of the difference between the rows
is noise of labels, is not known.

**How noisy bonds are** shows in public files, which have the ends of all runs. Of {n_public}
BOTAN files at T = 0.44 (N = 4096, 32 runs, at the relaxation time), type A, the best
correlation that labels allow, mean ± standard deviation over files, is {bonds} for bonds and
{displacement} for displacements (`python tools/bonds_page.py --public FOLDER`); the labels of
the two are correlated by {both}. Particles of type A keep {kept} of their bonds there.
"""


def seeds_of(rows: list[Row], learned: str, scored: str, time: float) -> list[float]:
    """ρ of each seed."""
    return [
        float(r["rho"])
        for r in sorted(rows, key=lambda r: r["seed"])
        if (r["learned"], r["scored"], r["time"]) == (learned, scored, time)
    ]


def with_half(values: list[float]) -> tuple[float, float]:
    """The mean and half of its interval."""
    found = mean_interval(values)
    assert found is not None  # three seeds
    return found


def over_seeds(rows: list[Row], learned: str, scored: str, time: float) -> str:
    """ρ with its interval over seeds."""
    mean, half = with_half(seeds_of(rows, learned, scored, time))
    return f"{mean:.3f} ± {half:.3f}"


def table(
    rows: list[Row], shown: Callable[[list[Row], str, str, float], str] = over_seeds
) -> list[str]:
    """A line for each pair of targets, a column for each time; the ceiling where it is known.

    Parameters
    ----------
    shown
        The text of a cell, from the rows, what was learned, on what it is scored and the time.
    """
    times = sorted({r["time"] for r in rows})
    names = list(dict.fromkeys(r["learned"] for r in rows))
    lines = [
        f"| learned | scored on | {' | '.join(f't = {t:g}' for t in times)} |",
        "| --- " * (len(times) + 2) + "|",
    ]
    for scored in names:
        for learned in (scored, *(n for n in names if n != scored)):
            cells = " | ".join(shown(rows, learned, scored, t) for t in times)
            lines.append(f"| {learned} | {scored} | {cells} |")
        known = {r["time"]: r["ceiling"] for r in rows if r["scored"] == scored}
        if any(ceiling is not None for ceiling in known.values()):
            cells = " | ".join("-" if known[t] is None else f"{known[t]:.3f}" for t in times)
            lines.append(f"| *ceiling of the labels* | {scored} | {cells} |")
    return lines


def core_hours(rows: list[Row]) -> str:
    """Of a training, on average over targets and seeds."""
    spent = {r["variant"]: float(r["core_seconds"]) for r in rows}
    return f"A training took {np.mean(list(spent.values())) / 3600:.3f} core-hours."


def page() -> str:
    """The whole page."""
    rows = [r for r in read_table(TABLE) if r["type"] == "A"]
    return TEXT.format(
        n_test=rows[0]["n_configurations"], parameters=rows[0]["parameters"],
        n_seeds=len({r["seed"] for r in rows}), type="A", verdict=verdict(rows),
        table="\n".join([*table(rows), "", core_hours(rows)]), **public_numbers(),
    )  # fmt: skip


def public_numbers() -> dict[str, object]:
    """Means over the public files, as the page shows them."""
    files = json.loads(PUBLIC.read_text())["files"]
    columns = {
        key: [one[key] for one in files] for key in ("bonds", "displacement", "both", "kept")
    }
    shown = {k: f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}" for k, v in columns.items()}
    return {"n_public": len(files), **shown}


def measure(folder: Path) -> None:
    """Write the ceilings of type A of both targets, and how they are correlated, for each file."""
    files = []
    for c in read(folder):
        mine = c.types == 0
        labels = {name: target.of(c) for name, target in TARGETS.items()}
        values = {}
        for name, shown in labels.items():
            assert shown.propensity is not None
            values[name] = shown.propensity[0][mine]
        row: dict[str, object] = {"file": Path(c.source).name}
        for name, shown in labels.items():
            noise = noise_of(shown, 0, mine)
            assert noise is not None
            row[name] = reliability(values[name], noise) ** 0.5
        row["both"] = float(np.corrcoef(values["bonds"], values["displacement"])[0, 1])
        files.append({**row, "kept": float(values["bonds"].mean())})
    PUBLIC.write_text(json.dumps({"files": files}, indent=1) + "\n")


def verdict(rows: list[Row]) -> str:
    """At which times learning bonds pays for bonds, by the interval of the paired difference."""
    better: list[str] = []
    worse: list[str] = []
    for time in sorted({r["time"] for r in rows}):
        own, other = (seeds_of(rows, name, "bonds", time) for name in ("bonds", "displacement"))
        mean, half = with_half([a - b for a, b in zip(own, other, strict=True)])
        if abs(mean) > half:
            (better if mean > 0 else worse).append(f"t = {time:g} ({mean:+.3f} ± {half:.3f})")
    parts = [
        f"the network that learned bonds is {how} than that of displacements at {', '.join(found)}"
        for how, found in (("better", better), ("worse", worse))
        if found
    ]
    said = "; ".join(parts) or "no difference between the networks exceeds its interval"
    return f"On bonds, by the paired difference of the seeds, {said}."


PAGES = (Page(RESULTS / "bonds.md", page),)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--public"]:
        measure(Path(sys.argv[2]))
        sys.argv[1:] = []
    run(PAGES, __doc__)
