"""Rewrite the tables of docs/performance.md from the committed benchmark results.

python tools/performance_table.py [--check]
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "performance.md"


def table(name: str = "network_benchmark.json") -> str:
    result = json.loads((RESULTS / name).read_text())
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


def startup_table() -> str:
    result = json.loads((RESULTS / "startup_benchmark.json").read_text())
    lines = [
        "| | processor time | of the import of torch | modules |",
        "| --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        what = f"`{row['command']}`"
        lines.append(
            f"| {what} | {row['seconds']:.2f} s | {row['times_torch']:.2f} | {row['modules']} |"
        )
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


def _rho(row: dict[str, Any]) -> str:
    longest = {s["type"]: s["pooled"] for s in row["scores"]}  # times are in order
    return ", ".join(f"{name} {rho:.4f}" for name, rho in longest.items())


def quench_table(name: str = "quench_benchmark.json") -> str:
    result = json.loads((RESULTS / name).read_text())
    lines = [
        "| accuracy | processor time | RMS force left | energy above reference | particles "
        "elsewhere | lowest correlation of predictions | largest difference | pooled ρ |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        lines.append(
            f"| `{row['accuracy']}` | {row['cpu_seconds']:.2f} s | {row['rms_force']:.1e} | "
            f"{row['mean_energy_difference']:.1e}, RMS {row['rms_energy_difference']:.1e} | "
            f"{row['rearranged_particles']} | {row['lowest_correlation']:.6f} | "
            f"{row['largest_difference_in_std']:.3f} std | {_rho(row)} |"
        )
    n = " or ".join(map(str, result["n_particles"]))
    lines += [
        "",
        f"{result['n_configurations']} configurations of {n} particles, model "
        f"`{result['model']}`; particles elsewhere are those of all configurations together, "
        "columns 3, 4, 6 and 7 of the worst one, in ε, σ and standard deviations of the "
        "prediction; correlations and ρ at the longest time.",
    ]
    return "\n".join(lines)


def around_table() -> str:
    lines = ["| | native | specification in PyTorch | ratio |", "| --- | --- | --- | --- |"]
    for row in json.loads((RESULTS / "around_kernel_benchmark.json").read_text())["rows"]:
        ours, theirs = row["native_ms"], row["specification_ms"]
        lines.append(f"| {row['what']} | {ours:.1f} ms | {theirs:.1f} ms | {theirs / ours:.1f} |")
    return "\n".join(lines)


def versions_table() -> str:
    """Two versions of the kernel."""
    result = json.loads((RESULTS / "kernel_versions.json").read_text())
    before, after = result["revisions"]["before"], result["revisions"]["after"]
    lines = [
        f"{result['processor'].strip()}, nanoseconds an edge, before ({before}), after ({after}):",
        "",
        "| | forward | ratio | backward | ratio | map to channels | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        cells = [f"{row['instruction_set']}, l ≤ {row['l_max']}, {row['channels']} channels"]
        for key in ("forward_ns", "backward_ns", "map_ns"):
            old, new = row["before"][key], row["after"][key]
            cells += [f"{old:.0f}, {new:.0f}", f"{old / new:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


STAGES = ("start-up", "read", "quench", "graph", "network", "write")


def _limit(stage: str, row: dict[str, Any]) -> str:
    """What a stage is bound by, with its own figure for that."""
    cpu = row["stages"][stage]["cpu_seconds"]
    particles = row["n_particles"] * row["n_frames"]
    return {
        "start-up": f"imports: torch alone {row['import_torch_s']:.1f} s",
        "read": f"decompression, checks: {1e6 * cpu / particles:.1f} µs a particle",
        "quench": f"sums over pairs in LAMMPS: {1e6 * cpu / particles:.0f} µs a particle",
        "graph": f"neighbour search and order: {1e9 * cpu / row['n_edges']:.0f} ns an edge",
        "network": "the convolution: "
        f"{1e9 * cpu / row['n_edges'] / row['n_layers']:.0f} ns an edge and layer",
        "write": f"compression, drawing: {1e6 * cpu / particles:.1f} µs a particle",
    }[stage]


def pipeline_table() -> str:
    result = json.loads((RESULTS / "pipeline_benchmark.json").read_text())
    blocks = []
    for row in result["rows"].values():
        frames = f"{row['n_frames']} frames of " if row["n_frames"] > 1 else ""
        kept = row["edges_kept"]
        text = "one graph each" if kept is None else f"{100 * kept:.0f} % of the edges kept"
        coarse = ", quenched to `coarse`" if row["accuracy"].startswith("coarse") else ""
        lines = [
            f"{frames}{row['n_particles']:,} particles, {text}{coarse}; the machine's load "
            f"afterwards was {row['load']:.0f}:",
            "",
            "| stage | seconds | processor | peak memory | bound by |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name in STAGES:
            stage = row["stages"][name]
            lines.append(
                f"| {name} | {stage['seconds']:.1f} | {stage['cpu_seconds']:.1f} | "
                f"{stage['peak_gb']:.2f} GB | {_limit(name, row)} |"
            )
        lines.append(
            f"| all but graph | {row['total_s']:.1f} | {row['cpu_s']:.1f} | "
            f"{row['peak_gb']:.2f} GB | |"
        )
        if "command_s" in row:
            lines.append(
                f"| from the command to the picture | {row['command_s']:.1f} | | | twice the "
                f"import of torch and a second: {2 * row['import_torch_s'] + 1:.1f} s |"
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _step() -> float:
    """Seconds of a training step of the network on one configuration of 4096 particles."""
    rows = json.loads((RESULTS / "network_benchmark.json").read_text())["rows"]
    return float(next(row["step_s"] for row in rows if row["name"] == "equiglass-cpu"))


def measured_step() -> str:
    """The line in docs/scaling.md."""
    return (
        "- One step of the network with 8 layers, l_max = 3, 8 channels and all paths, on one "
        f"configuration\n  of 4096 particles: **{_step():.2f} s** on two cores of the machine of "
        "the [performance page](performance.md#the-whole-network)."
    )


PROCESSES = """\
- Two CPU processes with one configuration each against one process with two, one thread each
  (`python benchmarks/processes.py --data DATA`, docs/results/processes_benchmark.json): an epoch on
  {n} configurations of {particles} particles, a fifth of them for validation, with that network on
  thermal positions, in {two:.1f} s instead of {one:.1f} s, **{times:.2f} times faster** of 2
  possible. Two independent trainings at the same time take {alone:.1f} s each."""


def processes() -> str:
    """What two processes bring, in docs/scaling.md."""
    found = json.loads((RESULTS / "processes_benchmark.json").read_text())
    return PROCESSES.format(
        n=found["configurations"], particles=found["particles"], one=found["one_process_s"],
        two=found["two_processes_s"], times=found["speed-up"], alone=found["alone_s"],
    )  # fmt: skip


def expected_hours() -> str:
    """The table in docs/scaling.md; of GPUs, in terms of their step."""
    one, four = (n * _step() / 3600 for n in (24_000, 96_000))
    return "\n".join(
        [
            "| | a configuration | one temperature | all four |",
            "| --- | --- | --- | --- |",
            f"| two CPU cores, measured step | {_step():.2f} s | {one:.1f} h | {four:.1f} h |",
            "| one GPU, *if* a step takes s milliseconds | s ms | 0.0067 s h | 0.027 s h |",
            "| 8 GPUs of one machine, 4 configurations a step each | (s + 0.15)/8 ms | "
            "| 0.0033 (s + 0.15) h |",
            "| 64 GPUs of 8 machines, 4 configurations a step each | (s + 0.4)/64 ms | "
            "| 0.00042 (s + 0.4) h |",
        ]
    )


PAGES = (
    Page(PAGE, table, "network"),
    Page(PAGE, partial(table, "network_kept_benchmark.json"), "network_kept"),
    Page(PAGE, startup_table, "startup"),
    Page(PAGE, scale_table, "scale"),
    Page(PAGE, quench_table, "quench"),
    Page(PAGE, partial(quench_table, "quench_benchmark_t056.json"), "quench_t056"),
    Page(PAGE, pipeline_table, "pipeline"),
    Page(PAGE, around_table, "around"),
    Page(PAGE, versions_table, "kernel_versions"),
    Page(ROOT / "docs" / "scaling.md", measured_step, "step"),
    Page(ROOT / "docs" / "scaling.md", processes, "processes"),
    Page(ROOT / "docs" / "scaling.md", expected_hours, "hours"),
)

if __name__ == "__main__":
    run(PAGES, __doc__)
