"""Committed tables of studies, and what stands in several of the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml
from claim_looks import with_looks
from claim_rows import Compared, compare, rows_where, tried
from pages import RESULTS

from equiglass.simulation.config import SimulationConfig
from equiglass.studies.base import Row
from equiglass.studies.grid import read_table
from equiglass.yaml_config import load_layered


def table(name: str) -> list[Row]:
    """The committed table of a study, and how often its questions were asked; empty without one."""
    return with_looks(name, read(name), read)


def read(name: str) -> list[Row]:
    """A committed table as it is."""
    file = RESULTS / f"study_{name}.csv"
    return read_table(file) if file.is_file() else []


def notes(claim: str, **counted: str) -> list[str]:
    """What is said of the numbers of a claim, with what was counted in its sentences."""
    every = yaml.safe_load((RESULTS / "claims_text.yaml").read_text())
    return [note.format(**counted) for note in every[claim]]


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


def trainings(studies: Mapping[str, Sequence[Row]], what: str = "network") -> list[str]:
    """What a training of each network took, with which learning rate, and chosen among which.

    Parameters
    ----------
    studies
        The rows of each, by its name.
    what
        The column that tells networks apart.
    """
    lines = []
    for study, rows in studies.items():
        for name in dict.fromkeys(r[what] for r in rows):
            mine = [r for r in rows if r[what] == name]
            spent = {r["variant"]: r["core_seconds"] for r in mine}
            known = [s for s in spent.values() if s is not None]
            hours = f"{sum(known) / len(known) / 3600:.4f}" if known else "not recorded"
            epochs = f", {mine[0]['epochs']} epochs" if mine[0].get("epochs") else ""
            cells = (study, f"{name}{epochs}", mine[0]["parameters"], *rate(mine[0]), hours)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    if not lines:
        return []
    head = "| study | network | parameters | learning rate | chosen among | core-hours |"
    return [
        "Of a training. Learning rates are chosen on the validation data; where none was, it is "
        "that of the configuration file.", "",
        head, "| --- " * 6 + "|", *lines,
    ]  # fmt: skip


def rate(row: Row) -> tuple[str, str]:
    """The learning rate of a row, and those among which it was chosen."""
    among = tried(row)
    if not among:
        return "-", "-"
    own, ends = row["learning_rate"], {among[0]: "the smallest", among[-1]: "the largest"}
    beyond = f", {ends[own]}: none was tried beyond" if own in ends else ""
    return f"{own:g}{beyond}", ", ".join(f"{r:g}" for r in among)


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
    ceilings = {r["tested_at"]: r["ceiling"] for r in late if r.get("ceiling")}
    cells = [f"{ceilings[t]:.3f}" if t in ceilings else "-" for t in tested]
    lines.append(f"| noise ceiling of our labels | | {' | '.join(cells)} |")
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
