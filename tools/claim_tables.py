"""Committed tables of studies, and what stands in several of the claims."""

from __future__ import annotations

from collections.abc import Sequence

from claim_rows import Compared, compare, rows_where, tried
from pages import RESULTS

from equiglass.simulation.config import SimulationConfig
from equiglass.studies.base import Row
from equiglass.studies.grid import read_table
from equiglass.yaml_config import load_layered


def table(name: str) -> list[Row]:
    """The committed table of a study; empty where there is none."""
    file = RESULTS / f"study_{name}.csv"
    return read_table(file) if file.is_file() else []


def state(name: str) -> str:
    """Temperature and number of particles of simulated data."""
    config = load_layered(name, SimulationConfig)
    temperatures = ", ".join(f"{t:g}" for t in config.temperatures if isinstance(t, float))
    return f"T = {temperatures}, N = {config.n_particles}"


def at_temperature(rows: Sequence[Row], temperature: str) -> list[Row]:
    """The rows of tests at a temperature."""
    return [r for r in rows if str(r["data"]).endswith(f", T={temperature}")]


def pair(rows: Sequence[Row], one: str, other: str, where: str) -> Compared | None:
    """Two networks of a table."""
    a, b = (rows_where(rows, network=name) for name in (one, other))
    return compare(f"{one} − {other}", where, a, b)


def by_time(rows: Sequence[Row], one: str, other: str, where: str) -> list[Compared | None]:
    """Two networks of a table at each time."""
    times = sorted({r["time"] for r in rows})
    parts = [([r for r in rows if r["time"] == t], f"{where}, t = {t:g}") for t in times]
    return [pair(part, one, other, place) for part, place in parts]


def rates(rows: Sequence[Row]) -> str:
    """How learning rates were chosen, and for whom the best may lie beyond those tried."""
    parts = []
    for grid in dict.fromkeys(tried(r) for r in rows if tried(r)):
        mine = [r for r in rows if tried(r) == grid]
        text = f"Learning rates are chosen on the validation data among {', '.join(map(str, grid))}"
        for rate, word in ((grid[0], "smallest"), (grid[-1], "largest")):
            names = list(dict.fromkeys(r["network"] for r in mine if r["learning_rate"] == rate))
            text += f"; the {word}, beyond which none was tried, for {', '.join(names) or 'none'}"
        parts.append(f"{text}.")
    return " ".join(parts)


def budgets(rows: Sequence[Row]) -> str:
    """What a training of each network took, and its parameters."""
    parts = []
    for name in dict.fromkeys(r["network"] for r in rows):
        mine = [r for r in rows if r["network"] == name]
        spent = {r["variant"]: r["core_seconds"] for r in mine}
        known = [s for s in spent.values() if s is not None]
        hours = f"{sum(known) / len(known) / 3600:.4f}" if known else "not recorded"
        rate = mine[0]["learning_rate"]
        chosen = "" if rate is None else f", rate {rate:g}"
        parts.append(f"{name} {hours} ({mine[0]['parameters']} parameters{chosen})")
    return f"Core-hours of a training: {'; '.join(parts)}." if parts else ""


def matrices(rows: Sequence[Row]) -> list[str]:
    """ρ at t = τ_α by temperatures of training and test, beside what is published."""
    late = [r for r in rows_where(rows) if r["time"] == 1.0]
    if not late:
        return []
    published = read_table(RESULTS / "published_temperature.csv")
    tested = sorted({r["tested_at"] for r in published}, reverse=True)
    lines = [
        "ρ of type A at t = τ_α of the published grids, mean over seeds and configurations, beside "
        "FIG5 of GlassBench (Zenodo 10.5281/zenodo.10118191, CC-BY-4.0; up to 400 training "
        "configurations of 4096 particles at each temperature):",
        "",
        f"| | trained at T | {' | '.join(f'tested at {t:g}' for t in tested)} |",
        "| --- " * (len(tested) + 2) + "|",
    ]
    for source, where in ((late, ""), (published, ", published")):
        names = dict.fromkeys((r["network"], r["trained_at"]) for r in source)
        for network, trained in names:
            mine = [r for r in source if (r["network"], r["trained_at"]) == (network, trained)]
            cells = []
            for t in tested:
                found = [r["rho"] for r in mine if r["tested_at"] == t]
                cells.append(f"{sum(found) / len(found):.3f}" if found else "-")
            lines.append(f"| {network}{where} | {trained} | {' | '.join(cells)} |")
    return lines


def last(rows: Sequence[Row]) -> float:
    """The longest time of a table."""
    return max((float(r["time"]) for r in rows), default=0.0)
