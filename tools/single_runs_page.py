"""Write the tables of docs/single_runs.md from docs/results/single_run_scores.json.

python tools/single_run_scores.py FOLDER RUNS.npz
python tools/single_runs_page.py [--check]
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "single_runs.md"


@cache
def read() -> dict[str, Any]:
    """The committed run."""
    content: dict[str, Any] = json.loads((RESULTS / "single_run_scores.json").read_text())
    return content


def known_truth() -> str:
    """Estimates against the truth, on the public files."""
    found = read()["public"]
    lines = [
        f"{found['data']}; {found['rows'][0]['draws']} draws of ten configurations, with "
        "replacement:",
        "",
        "| predictor | labels | ρ with labels | reliability | truth | estimate | its spread | "
        "interval covers |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in found["rows"]:
        lines.append(
            f"| {row['predictor']} | {row['labels']} | {row['rho_with_labels']:.3f} | "
            f"{row['reliability']:.3f} | {row['truth']:.3f} | {row['estimate']:.3f} | "
            f"{row['spread']:.3f} | {100 * row['covered']:.1f} % |"
        )
    return "\n".join(lines)


def ceilings() -> str:
    """What splits of the runs say of the noise ceiling."""
    a = read()["public"]["ceiling"]["A"]
    return (
        f"On the ten public files (type A) the even and odd runs give {a['even_odd']:.3f}, "
        f"the mean over\n{a['random_splits']} random splits is {a['random_mean']:.4f} "
        f"(standard deviation between splits {a['random_std']:.4f}),\n"
        f"and all runs at once {a['all_runs']:.4f}."
    )


def reversal() -> str:
    """How far runs with v and -v are independent."""
    lines: list[str] = []
    for found in read()["simulated"]:
        independent = {row["time"]: row for row in found["along"]}
        lines += [
            f"{found['data']}, {found['runs']} runs from each:",
            "",
            "| t | correlation of the noise with v and −v | reliability of one run | ρ of the "
            "propensity, forward and backward | the same, independent runs |",
            "| --- | --- | --- | --- | --- |",
        ]
        for row in found["reversal"]:
            both = independent.get(row["time"], {})
            cells = [_cell(both.get(k)) for k in ("forward_and_backward", "independent_runs")]
            lines.append(
                f"| {row['time']:g} | {row['noise_correlation']:+.3f} ± {row['error']:.3f} | "
                f"{row['reliability']:.3f} | {' | '.join(cells)} |"
            )
    return "\n".join(lines)


def _cell(found: dict[str, Any] | None) -> str:
    if found is None or found["rho_propensity"] is None:
        return "–"
    low, high = found["rho_propensity_interval"] or (float("nan"), float("nan"))
    return f"{found['rho_propensity']:.3f} [{low:.3f}, {high:.3f}]"


PAGES = (
    Page(PAGE, known_truth, "known-truth"),
    Page(PAGE, ceilings, "ceilings"),
    Page(PAGE, reversal, "reversal"),
)

if __name__ == "__main__":
    run(PAGES, __doc__)
