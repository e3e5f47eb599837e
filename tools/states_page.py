"""Write the measured tables of docs/states.md and docs/errors.md.

python tools/states_gain.py DATA docs/results/states_t044.json [--ridge RUN]
equiglass calibrate ka3d_t044 DATA --json docs/results/calibration_t044.json \
    --figure docs/results/calibration_t044.png
python tools/states_page.py [--check]
"""

from __future__ import annotations

import json
from typing import Any

from pages import RESULTS, ROOT, Page, run
from scipy import stats
from states_gain import key_of


def _gain(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Over what it adds to, paired by file: averages to the snapshot, displacements to averages."""
    if row["states"] == 1 or row["displacements"] == "alone":
        return ""
    wanted = (*key_of(row)[:3], "none", row["type"])
    if row["displacements"] == "none":
        wanted = row["model"], 1, None, "none", row["type"]
    (base,) = [r for r in rows if key_of(r) == wanted]
    own, other = row["per_configuration"], base["per_configuration"]
    test = stats.ttest_rel([own[name] for name in own], [other[name] for name in own])
    low, high = test.confidence_interval()
    middle = (low + high) / 2
    resolved = "" if low > 0 or high < 0 else ", not resolved"
    return f"{middle:+.3f} [{low:+.3f}, {high:+.3f}]{resolved}"


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    """The packaged model first, by the length of the dynamics."""
    extra = row["extra_simulation"]
    joined = ("none", "joined", "alone").index(row["displacements"])
    return row["model"] != "ka3d_t044", 0 if extra is None else extra["time"], joined


def states_table() -> str:
    """A line for each model and number of states: what it took, scores and gains."""
    rows = json.loads((RESULTS / "states_t044.json").read_text())["rows"]
    lines = [
        "| model | states | displacements | extra simulation, τ_LJ | of τ_α | s of a core | "
        "ρ of A | gain [95 %] | ρ of B | gain [95 %] |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows.sort(key=_order)
    for a in (r for r in rows if r["type"] == "A"):
        (b,) = [r for r in rows if key_of(r) == (*key_of(a)[:-1], "B")]
        extra = a["extra_simulation"]
        took = ["none", "", ""]
        if extra is not None:
            share = 100 * extra["share_of_relaxation_time"]
            runs, longest = len(extra["runs"]), max(extra["runs"]) * extra["spacing"]
            took = [f"{runs} × {longest:g}" if runs > 1 else f"{longest:g}"]
            took += [f"{share:.2g} %", f"{extra['processor_seconds']:.0f}"]
        joined = "" if a["displacements"] == "none" else a["displacements"]
        cells = [a["model"], str(a["states"]), joined, *took]
        for row in (a, b):
            cells += [f"{row['rho']:.3f} ± {row['std']:.3f}", _gain(row, rows)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def coverage_table() -> str:
    """What intervals cover, of each type."""
    content = json.loads((RESULTS / "calibration_t044.json").read_text())
    lines = [
        "| type | t | rms error, σ | half width of 68 % | covers, mean ± std over files | "
        "half width of 95 % | covers |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in content["coverage"]:
        covers = [
            f"{100 * row[f'covered_{level}']:.1f} ± {100 * row[f'covered_{level}_std']:.1f} %"
            for level in (68, 95)
        ]
        lines.append(
            f"| {row['type']} | {row['time']:g} | {row['error']:.3f} | {row['half_68']:.3f} | "
            f"{covers[0]} | {row['half_95']:.3f} | {covers[1]} |"
        )
    lines += ["", "Expected ρ of one further configuration of the domain (95 %):", ""]
    for one in content["expected"]:
        corrected = one["rho_propensity"]
        beside = "" if corrected is None else f"; {corrected:.2f} with the propensity itself"
        lines.append(
            f"- {one['type']} at t = {one['time']:g}: {one['rho']:.2f} [{one['low']:.2f}, "
            f"{one['high']:.2f}] with labels of 32 runs{beside}"
        )
    return "\n".join(lines)


PAGES = (
    Page(ROOT / "docs" / "states.md", states_table, block="states"),
    Page(ROOT / "docs" / "errors.md", coverage_table, block="coverage"),
)

if __name__ == "__main__":
    run(PAGES, __doc__)
