"""Rewrite the tables of docs/performance.md from the committed benchmark results.

python tools/performance_table.py [--check]
"""

from __future__ import annotations

import json

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "performance.md"


def table() -> str:
    result = json.loads((RESULTS / "network_benchmark.json").read_text())
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


def scale_table() -> str:
    lines = [
        "| particles | seconds | µs per particle | peak memory | largest relative difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in json.loads((RESULTS / "scale_benchmark.json").read_text())["rows"]:
        lines.append(
            f"| {row['n_particles']:,} | {row['seconds']:.1f} | "
            f"{row['microseconds_per_particle']:.0f} | {row['peak_memory_gb']:.2f} GB | "
            f"{row['largest_difference']:.1e} |"
        )
    return "\n".join(lines)


PAGES = (Page(PAGE, table, "network"), Page(PAGE, scale_table, "scale"))

if __name__ == "__main__":
    run(PAGES, __doc__)
