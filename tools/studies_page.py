"""Write docs/results/studies.md from the committed tables of finished studies.

    python tools/studies_page.py [--check]
    python tools/studies_page.py --collect FOLDER   (holding inputs, depth, inputs_t044 and so on)

``--collect`` first copies the tables of the studies that are in a folder to docs/results/ and
draws their figures there. The sentences under each figure are in docs/results/studies_text.yaml.
The table of studies in docs/studies.md is made from the registry.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import yaml
from pages import RESULTS, ROOT, Page, run

from equiglass.drawing import save
from equiglass.studies.base import COMMON_COLUMNS, Row
from equiglass.studies.grid import read_table, write_csv
from equiglass.studies.registry import STUDIES


class Section(NamedTuple):
    """A study that is shown: the name of its folder, and what was run."""

    name: str
    title: str
    kind: str
    config: str


SECTIONS = (
    Section("inputs", "Inputs", "inputs", "ka3d_train:study"),
    Section("depth", "Depth", "depth", "ka3d_train:study"),
    Section("size", "Size", "size", "ka3d_train:study"),
    Section("temperature", "Temperature", "temperature", "ka3d_train:temperatures"),
    Section("transfer", "Transfer", "transfer", "ka3d_train:temperatures"),
    Section("inputs_t044", "Inputs, on the public files", "inputs", "ka3d_t044:study"),
    Section("depth_t044", "Depth, on the public files", "depth", "ka3d_t044:study"),
)
# Those that docs/claims.md rests on; it has the commands, and of each the comparisons.
CLAIMS = (
    Section("equivariance_t064", "Equivariance", "equivariance", "ka3d_claims"),
    Section("rivals_t064", "Rivals", "rivals", "ka3d_claims"),
    Section("timescales_t064", "Timescales", "timescales", "ka3d_claims:warm"),
    Section("timescales_warm", "Timescales", "timescales", "ka3d_temperatures:warm_fixed"),
    Section("depth_t064", "Depth", "depth", "ka3d_claims:warm"),
    Section("equivariance_warm", "Equivariance", "equivariance", "ka3d_temperatures:warm"),
    Section("equivariance_long", "Equivariance", "equivariance", "ka3d_temperatures:warm_long"),
    Section(
        "equivariance_thermal", "Equivariance", "equivariance", "ka3d_temperatures:thermal_graph"
    ),
    Section("equivariance_degrees", "Equivariance", "equivariance", "ka3d_temperatures:degrees"),
    Section("equivariance_files", "Equivariance", "equivariance", "ka3d_temperatures:files"),
    Section("equal_degrees", "Equal time", "equal-time", "ka3d_temperatures:degrees"),
    Section("equal_files", "Equal time", "equal-time", "ka3d_temperatures:files_l2"),
    Section("equal_files_degrees", "Equal time", "equal-time", "ka3d_temperatures:files"),
    Section("rivals_warm", "Rivals", "rivals", "ka3d_temperatures:warm"),
    Section("rivals_long", "Rivals", "rivals", "ka3d_temperatures:warm_long"),
    Section("rivals_files", "Rivals", "rivals", "ka3d_temperatures:files_l2"),
    Section("inputs_warm", "Inputs", "inputs", "ka3d_temperatures:warm"),
    Section("inputs_long", "Inputs", "inputs", "ka3d_temperatures:warm_long"),
    Section("inputs_files", "Inputs", "inputs", "ka3d_temperatures:files_l2"),
    Section("inputs_cages", "Inputs", "inputs", "ka3d_temperatures:cages"),
    Section("inputs_files_cages", "Inputs", "inputs", "ka3d_temperatures:files_cages"),
    Section("rivals_reversed", "Rivals", "rivals", "ka3d_temperatures:files_reversed"),
    Section("inputs_ridge", "Inputs", "inputs", "ka3d_temperatures:warm"),
    Section("inputs_botan", "Inputs", "inputs", "ka3d_temperatures:warm"),
    Section("inputs_mlp", "Inputs", "inputs", "ka3d_temperatures:warm"),
    Section("inputs_files_ridge", "Inputs", "inputs", "ka3d_temperatures:files_l2"),
    Section("inputs_files_botan", "Inputs", "inputs", "ka3d_temperatures:files_l2"),
    Section("inputs_files_mlp", "Inputs", "inputs", "ka3d_temperatures:files_l2"),
    Section("depth_files", "Depth", "depth", "ka3d_temperatures:files_l2"),
    Section("depth_long", "Depth", "depth", "ka3d_temperatures:warm_long"),
    Section("depth_warm", "Depth", "depth", "ka3d_temperatures:warm"),
    Section("depth_eignn", "Depth", "depth", "ka3d_temperatures:warm"),
    Section("depth_botan", "Depth", "depth", "ka3d_temperatures:warm"),
    Section("depth_bapst", "Depth", "depth", "ka3d_temperatures:warm"),
    Section("depth_files_eignn", "Depth", "depth", "ka3d_temperatures:files_l2"),
    Section("depth_files_botan", "Depth", "depth", "ka3d_temperatures:files_l2"),
    Section("depth_files_bapst", "Depth", "depth", "ka3d_temperatures:files_l2"),
    Section("temperatures", "Temperature", "temperature", "ka3d_temperatures:cold"),
    Section("temperatures_botan", "Temperature", "temperature", "ka3d_temperatures:cold"),
    Section("temperatures_short", "Temperature", "temperature", "ka3d_temperatures:short"),
    Section("temperatures_short_botan", "Temperature", "temperature", "ka3d_temperatures:short"),
    Section("temperatures_eignn", "Temperature", "temperature", "ka3d_temperatures:short"),
    Section("transfer_public", "Transfer", "transfer", "ka3d_temperatures:public"),
    Section("transfers", "Transfer", "transfer", "ka3d_temperatures:pair"),
    Section("order_ensembles", "Order parameter", "order-parameter", "ka3d_temperatures:order"),
    Section("layers_long", "Layers", "layers", "ka3d_temperatures:warm_fixed"),
    Section("layers_t064", "Layers", "layers", "ka3d_claims:warm"),
)

# With pages of their own.
OTHERS = (Section("target", "Displacements and bonds", "target", "ka3d_train:target"),)


def csv_of(section: Section) -> Path:
    """Its committed table."""
    return RESULTS / f"study_{section.name}.csv"


def has_figure(rows: list[Row]) -> bool:
    """Whether there is something to draw: more than one time."""
    return len({row["time"] for row in rows}) > 1


def collect(folder: Path) -> None:
    """Keep tables and figures of the studies in a folder."""
    for section in (*SECTIONS, *CLAIMS, *OTHERS):
        if not (folder / section.name / "study.csv").is_file():
            continue
        rows = read_table(folder / section.name / "study.csv")
        for row in rows:
            # Where the data lay is of no use to a reader.
            row["data"] = Path(row["data"]).name
        csv_of(section).write_text(write_csv(rows, STUDIES[section.kind].table_columns))
        if has_figure(rows):
            figure = STUDIES[section.kind].figure(rows)
            save(figure, RESULTS / f"study_{section.name}.png")


def table(kind: str, rows: list[Row]) -> list[str]:
    """Type A: a line for each variant and test set, a column for each time."""
    mine = [r for r in rows if r["type"] == "A"]
    times = sorted({r["time"] for r in mine})
    chosen = len({r["validation"] for r in mine}) > 1
    heading = ["variant", "tested on", *(["epoch chosen on"] if chosen else [])]
    lines = [
        f"| {' | '.join(heading)} | {' | '.join(f'{t:g}' for t in times)} |",
        "| --- " * (len(times) + len(heading)) + "|",
    ]
    cells = {(r["variant"], r["data"], r["time"]): r for r in mine}
    for variant, data in dict.fromkeys((r["variant"], r["data"]) for r in mine):
        values = [cells.get((variant, data, t)) for t in times]
        shown = ["-" if v is None or v["rho"] is None else f"{v['rho']:.3f}" for v in values]
        first = next(v for v in values if v is not None)
        extra = [first["validation"] or "-"] if chosen else []
        lines.append(f"| {' | '.join([variant, Path(data).name, *extra, *shown])} |")
    return [f"Columns: {STUDIES[kind].time_label(mine)}.", "", *lines]


def page() -> str:
    """The page of all results."""
    text = yaml.safe_load((RESULTS / "studies_text.yaml").read_text())
    lines = ["# Studies", "", text["introduction"].strip(), ""]
    for section in SECTIONS:
        rows = read_table(csv_of(section))
        image = f"![{section.kind}](study_{section.name}.png)"
        command = f"equiglass study {section.kind} {section.config}"
        lines += [
            f"## {section.title}",
            "",
            f"`{command} -o {section.name} -j 2`",
            "",
            *([image, ""] if has_figure(rows) else []),
            text[section.name].strip(),
            "",
            *table(section.kind, rows),
            "",
        ]
    return "\n".join(lines)


def overview() -> str:
    """The table of studies in docs/studies.md."""
    common = ", ".join(f"`{name}`" for name in COMMON_COLUMNS)
    lines = ["| command | what is compared | columns of its own |", "| --- | --- | --- |"]
    for study in STUDIES.values():
        own = ", ".join(f"`{name}`" for name in study.columns)
        command = f"`equiglass study {study.kind} CONFIG.yaml -o FOLDER`"
        lines.append(f"| {command} | {study.help} | {own} |")
    return "\n".join([*lines, "", f"Columns of all, after `variant`: {common}."])


PAGES = (
    Page(RESULTS / "studies.md", page),
    Page(ROOT / "docs" / "studies.md", overview, "studies"),
)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--collect"]:
        collect(Path(sys.argv[2]))
        sys.argv[1:] = []
    run(PAGES, __doc__)
