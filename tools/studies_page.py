"""Write docs/results/studies.md from finished studies, and keep their tables and figures there.

    python tools/studies_page.py FOLDER     (which holds inputs, depth, size, temperature, transfer)

The sentences under each figure are in docs/results/studies_text.yaml.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from equiglass.report.figures import save
from equiglass.report.studies import study_figure

RESULTS = Path(__file__).parents[1] / "docs" / "results"
KINDS = ("inputs", "depth", "size", "temperature", "transfer")


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Type A: a line for each variant and test set, a column for each time."""
    mine = [r for r in rows if r["type"] == "A"]
    times = sorted({r["time"] for r in mine})
    lines = [
        f"| variant | tested on | {' | '.join(f'{t:g}' for t in times)} |",
        "| --- " * (len(times) + 2) + "|",
    ]
    cells = {(r["variant"], r["data"], r["time"]): r for r in mine}
    for variant, data in dict.fromkeys((r["variant"], r["data"]) for r in mine):
        values = [cells.get((variant, data, t)) for t in times]
        shown = ("-" if v is None or v["rho"] is None else f"{v['rho']:.3f}" for v in values)
        lines.append(f"| {variant} | {data} | {' | '.join(shown)} |")
    return lines


def main() -> None:
    """Collect the studies that are there."""
    source = Path(sys.argv[1])
    text = yaml.safe_load((RESULTS / "studies_text.yaml").read_text())
    lines = ["# Studies on the packaged data", "", text["introduction"].strip(), ""]
    for kind in KINDS:
        folder = source / kind
        if not (folder / "study.json").is_file():
            continue
        shutil.copy(folder / "study.csv", RESULTS / f"study_{kind}.csv")
        rows = json.loads((folder / "study.json").read_text())
        save(study_figure(kind, rows), RESULTS / f"study_{kind}.png")
        config = "ka3d_temperatures" if kind in ("temperature", "transfer") else "ka3d_study"
        lines += [
            f"## {kind.capitalize()}",
            "",
            f"`equiglass study {kind} examples/{config}.yaml -o {kind} -j 2`",
            "",
            f"![{kind}](study_{kind}.png)",
            "",
            text[kind].strip(),
            "",
            *table(rows),
            "",
        ]
    (RESULTS / "studies.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
