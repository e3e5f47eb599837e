"""Write docs/results/studies.md from finished studies, and keep their tables and figures there.

    python tools/studies_page.py FOLDER     (which holds inputs, depth, inputs_t044 and so on)

The sentences under each figure are in docs/results/studies_text.yaml.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from equiglass.report.figures import save
from equiglass.report.studies import study_figure

RESULTS = Path(__file__).parents[1] / "docs" / "results"
# Folder: title, kind of study, configuration.
STUDIES = {
    "inputs": ("Inputs", "inputs", "ka3d_train:study"),
    "depth": ("Depth", "depth", "ka3d_train:study"),
    "size": ("Size", "size", "ka3d_train:study"),
    "temperature": ("Temperature", "temperature", "ka3d_train:temperatures"),
    "transfer": ("Transfer", "transfer", "ka3d_train:temperatures"),
    "inputs_t044": ("Inputs, on the public files", "inputs", "ka3d_t044:study"),
    "depth_t044": ("Depth, on the public files", "depth", "ka3d_t044:study"),
}


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
        lines.append(f"| {variant} | {Path(data).name} | {' | '.join(shown)} |")
    return lines


def main() -> None:
    """Collect the studies that are there."""
    source = Path(sys.argv[1])
    text = yaml.safe_load((RESULTS / "studies_text.yaml").read_text())
    lines = ["# Studies", "", text["introduction"].strip(), ""]
    for name, (title, kind, config) in STUDIES.items():
        folder = source / name
        if not (folder / "study.json").is_file():
            continue
        rows = json.loads((folder / "study.json").read_text())
        table_text = (folder / "study.csv").read_text()
        for data in {r["data"] for r in rows}:
            # Where the data lay is of no use to a reader.
            table_text = table_text.replace(f",{data},", f",{Path(data).name},")
        (RESULTS / f"study_{name}.csv").write_text(table_text)
        if len({r["time"] for r in rows}) > 1:
            save(study_figure(kind, rows), RESULTS / f"study_{name}.png")
            figure = [f"![{kind}](study_{name}.png)", ""]
        else:
            figure = []
        lines += [
            f"## {title}",
            "",
            f"`equiglass study {kind} {config} -o {name} -j 2`",
            "",
            *figure,
            text[name].strip(),
            "",
            *table(rows),
            "",
        ]
    (RESULTS / "studies.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
