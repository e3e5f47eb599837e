"""Rewrite the tables of docs/performance.md from the committed benchmark results.

python tools/performance_table.py
"""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULT = ROOT / "docs" / "results" / "network_benchmark.json"
START, END = "<!-- network -->", "<!-- /network -->"


def table() -> str:
    result = json.loads(RESULT.read_text())
    rows = result["rows"]
    own = rows[0]
    lines = [
        f"N = {result['n_particles']}, {result['n_edges']} edges, {result['threads']} threads:",
        "",
        "| | forward | ratio | training step | ratio | peak memory | ratio | parameters |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = [row["name"]]
        for key, unit in (("forward_s", "s"), ("step_s", "s"), ("peak_memory_gb", "GB")):
            cells += [f"{row[key]:.2f} {unit}", f"{row[key] / own[key]:.1f}"]
        lines.append(f"| {' | '.join(cells)} | {row['parameters']} |")
    lines += [
        "",
        f"The convolutions of one forward pass of `equiglass-cpu` are "
        f"{result['convolution_gflop']:.1f} GFLOP; over the whole pass that is "
        f"{result['forward_gflops']:.0f} GFLOP/s, where sgemm reaches "
        f"{result['sgemm_gflops']:.0f} GFLOP/s on the same threads.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    text = PAGE.read_text()
    head, rest = text.split(START)
    PAGE.write_text(f"{head}{START}\n{table()}\n{END}{rest.split(END)[1]}")
