"""Write docs/results/bonds.md: displacements and bonds, learned by the same network.

    python tools/bonds_page.py [--check]

Reads docs/results/study_target.csv, the table of `equiglass study target`, which
`python tools/studies_page.py --collect FOLDER` keeps.
"""

from __future__ import annotations

from pages import RESULTS, Page, run

from equiglass.evaluation.intervals import mean_interval
from equiglass.studies.base import Row
from equiglass.studies.grid import read_table

TABLE = RESULTS / "study_target.csv"

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

The labels are means over 32 runs; the packaged data keep halves of displacements and not of bonds,
so that the noise ceiling of the bonds, and how much of the difference between the rows is noise of
labels, is not known.
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


def table(rows: list[Row]) -> str:
    """A line for each pair of targets, a column for each time; the ceiling where it is known."""
    times = sorted({r["time"] for r in rows})
    names = list(dict.fromkeys(r["learned"] for r in rows))
    lines = [
        f"| learned | scored on | {' | '.join(f't = {t:g}' for t in times)} |",
        "| --- " * (len(times) + 2) + "|",
    ]
    for scored in names:
        for learned in (scored, *(n for n in names if n != scored)):
            cells = [with_half(seeds_of(rows, learned, scored, t)) for t in times]
            shown = " | ".join(f"{mean:.3f} ± {half:.3f}" for mean, half in cells)
            lines.append(f"| {learned} | {scored} | {shown} |")
        known = {r["time"]: r["ceiling"] for r in rows if r["scored"] == scored}
        if None not in known.values():
            shown = " | ".join(f"{known[t]:.3f}" for t in times)
            lines.append(f"| *ceiling of the labels* | {scored} | {shown} |")
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    rows = [r for r in read_table(TABLE) if r["type"] == "A"]
    return TEXT.format(
        n_test=rows[0]["n_configurations"], parameters=rows[0]["parameters"],
        n_seeds=len({r["seed"] for r in rows}), type="A", table=table(rows), verdict=verdict(rows),
    )  # fmt: skip


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
    run(PAGES, __doc__)
