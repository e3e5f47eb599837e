"""Terminal tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from ..evaluation.correlation import mean_and_std
from ..evaluation.score import Evaluation


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def print_info(summary: dict[str, Any]) -> None:
    """The summary of a data set."""
    console = Console()
    table = Table(title=f"data set {summary['source']}", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    formats = ", ".join(f"{name} ({n})" for name, n in summary["formats"].items())
    splits = ", ".join(f"{name} {n}" for name, n in summary["splits"].items()) or "none"
    composition = ", ".join(f"{name} {n}" for name, n in summary["composition"].items())
    edges = summary["edges_per_particle"]
    rows = [
        ("format", formats),
        ("configurations", f"{summary['n_configurations']} (splits: {splits})"),
        ("particles", f"{', '.join(map(str, summary['n_particles']))} ({composition})"),
        ("box", f"{' x '.join(f'{x:.5g}' for x in summary['box'])} ({summary['dimensions']}D)"),
        ("density", f"{summary['density']:.5g}"),
        ("temperature", ", ".join(f"{t:g}" for t in summary["temperatures"]) or "not known"),
        ("times", ", ".join(f"{t:g}" for t in summary["times"]) or "none"),
        ("trajectories", str(summary["n_trajectories"] or "not known")),
        ("fields", ", ".join(summary["fields"])),
        ("stored predictions", ", ".join(summary["predictions"]) or "none"),
        *(
            (name.replace("_", " "), f"{value:.4f} per particle")
            for name, value in summary["energy"].items()
        ),
        (
            f"edges per particle, r < {summary['edge_cutoff']:g}",
            _number(edges, 1) if edges is not None else "box too small for a graph",
        ),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    if not summary["targets"]:
        return
    targets = Table(
        title=f"propensity over {summary['n_loaded']} configurations", title_justify="left"
    )
    for heading in ("type", "time", "mean", "noise ceiling of ρ"):
        targets.add_column(heading, justify="right")
    for row in summary["targets"]:
        targets.add_row(
            row["type"],
            f"{row['time']:g}",
            _number(row["mean_propensity"]),
            _number(row["ceiling"]),
        )
    console.print(targets)


def print_evaluation(evaluations: Sequence[Evaluation]) -> None:
    """Pearson correlations per type and time; the first evaluation gives the ceiling."""
    console = Console()
    first = evaluations[0]
    n = len(first.predicted)
    console.print(
        f"\nPearson ρ on {first.data}, {n} configuration{'s' if n != 1 else ''}: "
        "mean ± std per configuration, and pooled",
        soft_wrap=True,
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("type")
    table.add_column("time", justify="right")
    for evaluation in evaluations:
        table.add_column(Path(evaluation.model).name, justify="right", no_wrap=True)
        table.add_column("pooled", justify="right")
    table.add_column("ceiling", justify="right")
    table.add_column("pooled", justify="right")
    for k, score in enumerate(first.scores):
        cells = []
        for evaluation in evaluations:
            other = evaluation.scores[k]
            mean, std = mean_and_std(list(other.per_configuration))
            cells += [f"{_number(mean)}±{_number(std)}", _number(other.pooled)]
        table.add_row(
            score.type,
            f"{score.time:g}",
            *cells,
            _number(score.ceiling),
            _number(score.ceiling_pooled),
            end_section=k + 1 < len(first.scores) and first.scores[k + 1].type != score.type,
        )
    console.print(table)
