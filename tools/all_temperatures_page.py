"""Write docs/results/ka3d_all.md: the model for several temperatures, at each of them.

    python tools/all_temperatures.py RUN DATA docs/results/ka3d_all.json \\
      --public FILES --short STORE
    python tools/all_temperatures_page.py [--check]

Published rows are those of the network of the paper on GlassBench (400 training configurations of
4096 particles at each temperature, one network for each), from the results tables of EIGNN
(J. Phys. Chem. B 129, 3053 (2025)).
"""

from __future__ import annotations

import json
from typing import Any

import ka3d_page
import numpy as np
from pages import RESULTS, Page, run

from equiglass.data.times import KA3D_TIMES
from equiglass.evaluation.intervals import mean_interval
from equiglass.models.storage import load_model

FILE = RESULTS / "ka3d_all.json"
# As ka3d_page.PUBLISHED: per configuration, then pooled.
PUBLISHED = {
    0.44: (
        (0.896, 0.672, 0.681, 0.708, 0.749, 0.785, 0.791, 0.731, 0.558, 0.260),
        (0.896, 0.672, 0.681, 0.713, 0.758, 0.798, 0.815, 0.789, 0.708, 0.626),
    ),
    **ka3d_page.PUBLISHED,
}
Row = dict[str, Any]

INTRODUCTION = """# ka3d: one model for four temperatures

`ka3d` is one network for T = 0.44 to 0.64 ([how](../learning.md#several-temperatures)), trained on
single runs of our own at T = 0.64, 0.56 and 0.50, on the training split of the packaged data, on
the ten public files at T = 0.44, and on ensembles of short runs from some of these starts
(`ka3d_short`), in four folds whose networks are its members. Made and scored by

```sh
equiglass cross-validate ka3d_all -o RUN --folds 4 -j 2
python tools/all_temperatures.py RUN DATA docs/results/ka3d_all.json --public FILES --short STORES
```

Pearson's ρ of type A, mean over configurations with its 95 % interval (Student's t). **The
published rows are not the same task**: one network for each temperature, from 400 configurations
with 32 runs of each. Tests are the packaged configurations for validation and test, and the
ensembles of `ka3d_tests`; a time is scored on those of them that have it. Which times share a
decoder was changed once with these scores known: t = 0.165 at T = 0.64, which is of vibrations, had
shared that of t = 0.33 at T = 0.56 and stayed below the published value.
"""
COLD = """## T = 0.44

The ten public files, whole files held out: each is predicted by the one member in whose fold it
was. `ka3d_t044`, trained at this temperature and time alone, has {single:.3f} on the same files at
t = 4120: use that one there. Labels are those of the files, of 32 runs, or our own from the same
starts: 32 runs of `ka3d_short:cold`, whose labels of the files held out a member had not seen
either, or eight of `ka3d_t044_short:ten`, or four of `ka3d_t044_short:long`, from which none
learned.

| t | labels | ceiling | ρ, single network | corrected for the noise of labels | published |
| --- | --- | --- | --- | --- | --- |"""
LEFT_OUT = """## A temperature left out

One network of the same settings that has learned nothing at T = {temperature:g}
(`ka3d_all:without_056`), beside the members, which have, on the same ensembles; ± is over
configurations, paired in the last column. It is one training: how it differs between seeds is not
measured, and it has data of all chains of the other temperatures, a member of three quarters.

| t | ensembles | ρ, a member alone | ρ without T = {temperature:g} | difference |
| --- | --- | --- | --- | --- |"""
# What the page calls the stores that rows were scored on.
LABELS = {
    "files": "files, 32 runs", "ka3d_short_t044": "our own, 32 runs", "tests044": "our own, 8 runs",
    "tests044_long": "our own, 4 runs",
}  # fmt: skip
FEWEST = "tests044_long"  # shown where no other has labels


def read() -> list[Row]:
    """The rows of the committed run, of type A."""
    found: list[Row] = json.loads(FILE.read_text())["rows"]
    return [row for row in found if row["type"] == "A"]


def published(temperature: float, time: float) -> str:
    """Mean over configurations, where the grid has the time."""
    grid = KA3D_TIMES[temperature]
    near = [k for k, t in enumerate(grid) if abs(t - time) <= 1e-3 * t]
    return f"{PUBLISHED[temperature][0][near[0]]:.3f}" if near else "-"


def interval(values: list[float]) -> str:
    """Mean with the half width of its 95 % interval over configurations."""
    found = mean_interval(values)
    return f"{np.mean(values):.3f}" + ("" if found is None else f" ± {found[1]:.3f}")


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def not_scored(temperature: float, rows: list[Row]) -> list[str]:
    """A line on times of the model at which no test has labels."""
    scored = {row["time"] for row in rows}
    times = [t for t in load_model(f"ka3d@{temperature:g}").times if t not in scored]
    listed = ", ".join(f"{t:g}" for t in times)
    return [f"Not scored, since no test has labels there: t = {listed}.", ""] if times else []


def warm_table(rows: list[Row], temperature: float) -> list[str]:
    """The average of the members and the members alone, on ensembles."""
    mine = [r for r in rows if r["temperature"] == temperature and "labels" not in r]
    average = [r for r in mine if r["by"] == "average"]
    lines = [
        f"## T = {temperature:g}",
        "",
        "Ensembles that no member has seen.",
        "",
        "| t | ensembles | ceiling | ρ, average of the members | corrected for the noise of "
        "labels | a member alone | published |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in average:
        alone = [
            r["mean"] for r in mine if r["time"] == row["time"] and r["by"].startswith("member")
        ]
        values = row["per_configuration"]
        shown = (
            f"{row['time']:g}", str(len(values)), number(row["ceiling"]), interval(values),
            number(row["rho_propensity"]), f"{np.mean(alone):.3f}",
            published(temperature, row["time"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(shown)} |")
    return [*lines, "", *not_scored(temperature, average)]


def left_out_table(rows: list[Row]) -> list[str]:
    """What a network without data at a temperature loses there, test by test."""
    without = [r for r in rows if r["by"] == "left out"]
    if not without:
        return []
    temperature = without[0]["temperature"]
    mine = [r for r in rows if r["temperature"] == temperature and r["by"].startswith("member")]
    lines = [LEFT_OUT.format(temperature=temperature)]
    for row in without:
        alone = [r["per_configuration"] for r in mine if r["time"] == row["time"]]
        learned = np.mean(alone, axis=0)
        lost = (np.array(row["per_configuration"]) - learned).tolist()
        shown = (
            f"{row['time']:g}", str(len(learned)), interval(learned.tolist()),
            interval(row["per_configuration"]), interval(lost),
        )  # fmt: skip
        lines.append(f"| {' | '.join(shown)} |")
    return [*lines, ""]


def cold_table(rows: list[Row]) -> list[str]:
    """Public files, each by the member that did not see it."""
    alone = load_model("ka3d_t044").card.metrics["cross_validation"]["pearson"][0]
    assert (alone["type"], alone["time"]) == ("A", 4120.0)
    lines = [COLD.format(single=alone["mean"])]
    others = {r["time"] for r in rows if r.get("labels") not in (None, FEWEST)}
    labelled = [r for r in rows if "labels" in r]
    shown_rows = [r for r in labelled if r["labels"] != FEWEST or r["time"] not in others]
    for row in sorted(shown_rows, key=lambda r: float(r["time"])):
        shown = (
            f"{row['time']:g}", LABELS[row["labels"]], number(row["ceiling"]),
            interval(row["per_configuration"]), number(row["rho_propensity"]),
            published(0.44, row["time"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(shown)} |")
    return [*lines, "", *not_scored(0.44, labelled)]


def page() -> str:
    """The page."""
    rows = read()
    warm = sorted({r["temperature"] for r in rows if r["by"] == "average"}, reverse=True)
    lines = [INTRODUCTION]
    for temperature in warm:
        lines += warm_table(rows, temperature)
    lines += left_out_table(rows)
    if any("labels" in r for r in rows):
        lines += cold_table(rows)
    return "\n".join(lines)


PAGES = (Page(RESULTS / "ka3d_all.md", page),) if FILE.is_file() else ()

if __name__ == "__main__":
    run(PAGES, __doc__)
