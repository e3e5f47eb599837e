"""Terminal tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich import box
from rich.table import Table

from ..data.configuration import Configuration
from ..terminal import Terminal
from .trajectory_table import dynamics_title, trajectory_lines, with_error


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits, or a dash for what is not known."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def print_info(summary: dict[str, Any]) -> None:
    """The summary of a data set."""
    console = Terminal()
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
        *(
            (
                "times" if key == "all" else f"times at T = {key}",
                ", ".join(f"{t:g}" for t in times),
            )
            for key, times in summary["times_by_temperature"].items()
        ),
        ("potential", summary["potential"]["name"] if summary["potential"] else "not recorded"),
        ("trajectories", str(summary["n_trajectories"] or "not known")),
        ("fields", ", ".join(summary["fields"])),
        ("stored predictions", ", ".join(summary["predictions"]) or "none"),
        *(
            (name.replace("_", " "), f"{value:.4f} per particle")
            for name, value in summary["energy"].items()
        ),
        (
            f"edges per particle, r < {summary['edge_cutoff']:g}",
            number(edges, 1) if edges is not None else "box too small for a graph",
        ),
    ]
    for tau in summary["relaxation_times"]:
        at = "" if tau["temperature"] is None else f" at T = {tau['temperature']:g}"
        rows.append((f"tau_alpha{at}", f"{tau['value']:.4g}: {tau['definition']}, {tau['from']}"))
    if "trajectory" in summary:
        rows = trajectory_lines(summary, rows)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    if not summary["targets"]:
        return
    columns = {
        "mean_propensity": "|Δr|",
        "ceiling": "ceiling",
        "bond_breaking": "bonds",
        "self_scattering": "F_s",
        "mean_squared_displacement": "MSD",
        "overlap": "Q",
        "chi4": "χ4",
    }
    rows = summary["targets"]
    known = [name for name in columns if any(row[name] is not None for row in rows)]
    title = f"dynamics over {summary['n_loaded']} configurations, with the noise ceiling of ρ"
    if "trajectory" in summary:
        title = dynamics_title(summary)
    console.print(f"\n{title}", highlight=False, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("T", "type", "time", *(columns[name] for name in known)):
        table.add_column(heading, justify="right")
    for k, row in enumerate(rows):
        temperature = row["temperature"]
        last = k + 1 == len(rows) or rows[k + 1]["type"] != row["type"]
        table.add_row(
            "-" if temperature is None else f"{temperature:g}",
            row["type"],
            f"{row['time']:g}",
            *(
                with_error(row, name) if "trajectory" in summary else number(row[name])
                for name in known
            ),
            end_section=last,
        )
    console.print(table)


def print_study(rows: Sequence[dict[str, Any]], type_name: str = "A") -> None:
    """ρ per configuration of one type: a line for each variant and data set, a column per time."""
    mine = [r for r in rows if r["type"] == type_name]
    times = sorted({r["time"] for r in mine})
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    tested = list(dict.fromkeys(r["data"] for r in mine))
    table.add_column("variant", no_wrap=True)
    if len(tested) > 1:
        table.add_column("tested at", no_wrap=True)
    for time in times:
        table.add_column(f"{time:g}", justify="right")
    cells = {(r["variant"], r["data"], r["time"]): r for r in mine}
    for variant, data in dict.fromkeys((r["variant"], r["data"]) for r in mine):
        row = [cells.get((variant, data, time)) for time in times]
        where = [data] if len(tested) > 1 else []
        numbers = ("-" if r is None else number(r["rho"]) for r in row)
        table.add_row(variant, *where, *numbers)
    Terminal().print(table)


def print_cross_validation(result: dict[str, Any]) -> None:
    """A line for each type and time, and one for each of its folds."""
    console = Terminal()
    console.width = max(console.width, 200)
    for row in result["pearson"]:
        ceiling = "" if row["ceiling"] is None else f", ceiling {row['ceiling']:.3f}"
        console.print(
            f"type {row['type']}, t = {row['time']:g}: ρ = {number(row['mean'])} ± "
            f"{number(row['std'])} per configuration{ceiling}",
            highlight=False,
        )
        for k, fold in enumerate(row["folds"]):
            values = ", ".join(f"{name} {number(value)}" for name, value in fold.items())
            console.print(f"  fold {k}: {values}", highlight=False)


def print_energies(configurations: Iterable[Configuration]) -> None:
    """The range over configurations of both energies per particle."""
    means = [
        [float(getattr(c, name).mean()) for name in ("thermal_energy", "inherent_energy")]
        for c in configurations
    ]
    thermal, inherent = zip(*means, strict=True)
    Terminal().print(
        f"energy per particle: thermal {min(thermal):.4f} to {max(thermal):.4f}, "
        f"inherent {min(inherent):.4f} to {max(inherent):.4f}",
        highlight=False,
        soft_wrap=True,
    )


def print_probe(rows: Sequence[dict[str, Any]]) -> None:
    """Up to which radius each layer holds descriptors of each kind."""
    for layer in sorted({r["layer"] for r in rows}):
        for kind in ("radial", "angular"):
            mine = [r for r in rows if (r["layer"], r["kind"]) == (layer, kind)]
            known = [r["radius"] for r in mine if r["r2"] > 0.5]
            reach = f"up to r = {max(known):g}" if known else "none"
            Terminal().print(
                f"layer {layer}, {kind} descriptors with R² > 0.5: {reach}", highlight=False
            )


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Rows of equal keys as a table."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for name in rows[0] if rows else ():
        justify: Literal["left", "right"] = "left" if isinstance(rows[0][name], str) else "right"
        table.add_column(name, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(v if isinstance(v, str) else number(v) for v in row.values()))
    Terminal().print(table)
