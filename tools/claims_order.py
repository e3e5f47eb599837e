"""The claim on the order parameter: its agreement, and how it grows on cooling."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from claim import Claim
from claim_looks import SEEDS, looks_at
from claim_rows import Compared, between, compare, core_hours, rows_where
from claim_tables import last, notes, table, trainings
from pages import RESULTS

from equiglass.analysis.four_point import NOISELESS, PREDICTED
from equiglass.data.times import ka3d_relaxation_time
from equiglass.studies.base import Row, rhos_of
from equiglass.studies.grid import read_table

# Outputs of `equiglass four-point --json`, beside their names the data.
RUNS = {
    "four_point_ka3d.json": "equiglass four-point ka3d cooling --json four_point_ka3d.json",
    "four_point_t044.json": "equiglass four-point ka3d shiba_T0.44 --json four_point_t044.json",
}
# t / tau_alpha of the published grids: where the published chi_4 is largest, and at tau_alpha.
SHARES = (0.316, 1.0)


def order_parameter() -> Claim:
    """The fifth."""
    rows = table("order_ensembles")
    decides, beside = agreement(rows)
    before = [r for r in rows if all((r[seed] or 0) < SEEDS for seed in ("seed", "other_seed"))]
    fewer = [replace(c, what=f"{c.what}, {SEEDS} seeds") for c in agreement(before)[0] if c]
    fewer = fewer if len(before) < len(rows) else []
    return Claim(
        "The network learns a structural order parameter",
        "S of networks trained at different temperatures agree with each other, on the same "
        "particles, better than with the propensity.",
        [
            "equiglass study order-parameter ka3d_temperatures:order --seeds 6 -o order_ensembles",
            *RUNS.values(),
        ],
        decides,
        {"Three of the seeds": fewer, "Other correlations": beside},
        notes("order_parameter"),
        "study_order_ensembles.png",
        tables=[*growth(), "", *published()],
        trainings=trainings(
            {"order-parameter ka3d_temperatures:order": [r for r in rows if r["parameters"]]},
            "trained_at",
        ),
    )


Comparisons = list[Compared | None]


def agreement(rows: list[Row]) -> tuple[Comparisons, Comparisons]:
    """What decides, and what stands beside, of a run of the study, at the longest common time.

    Noise of labels alone would make S agree less with them than with another S: what decides is
    against ρ / ceiling, so that where no ceiling is known nothing is decided.
    """
    late = [r for r in rows_where(rows) if r["time"] == last(rows)]
    scores = [r for r in late if r["other_trained_at"] is None and r["trained_at"] is not None]
    pairs = [r for r in late if r["other_trained_at"] is not None]
    across = [r for r in pairs if r["trained_at"] != r["other_trained_at"]]
    within = [r for r in pairs if r["trained_at"] == r["other_trained_at"]]

    def of(what: str, tested: float, one: list[Row], other: list[Row]) -> Compared | None:
        """Of pairs that are averaged; each has a table row."""
        a, b = ([rhos_of(r) for r in part if r["tested_at"] == tested] for part in (one, other))
        if not a or not b:
            return None
        seeds = len({r["seed"] for r in one})
        where = f"tested at T = {tested:g}"
        return of_all(between(what, where, a, b, seeds, looks_at(one, other, seeds)))

    def by_seed(what: str, tested: float, scored: list[Row]) -> Compared | None:
        """Pairs of a network of a seed and one of the next, against what those of the seed know.

        Networks of one seed begin with the same weights, which they would agree by.
        """
        n = len({r["seed"] for r in scored})
        next_seed = [r for r in across if r["other_seed"] == (r["seed"] + 1) % n]
        one, other = ([r for r in part if r["tested_at"] == tested] for part in (next_seed, scored))
        return of_all(compare(what, f"tested at T = {tested:g}", one, other))

    def of_all(found: Compared | None) -> Compared | None:
        """With the core-hours of all networks: each is in one of the pairs."""
        return None if found is None else replace(found, core_hours=core_hours(scores))

    known = [{**r, "rhos": without_noise(r)} for r in scores if r["ceiling"]]
    labels = [r for r in scores if not r["ceiling"]]
    temperatures = sorted({r["tested_at"] for r in late}, reverse=True)
    clean = {r["tested_at"] for r in known}
    decides = [
        by_seed("S of two temperatures − S and propensity", t, known)
        for t in temperatures
        if t in clean
    ]
    beside = [
        by_seed("S of two temperatures − S and labels of one run", t, labels)
        for t in temperatures
        if t not in clean
    ]
    beside += [
        of("S of two temperatures − S of two seeds", t, across, within) for t in temperatures
    ]
    return decides, beside


def without_noise(row: Row) -> str:
    """The correlations with the propensity itself, as far as the mean ceiling tells."""
    return " ".join(f"{rho / row['ceiling']:.5f}" for rho in rhos_of(row))


def four_point_rows() -> list[dict[str, Any]]:
    """Of the committed runs."""
    files = [RESULTS / name for name in RUNS]
    return [row for f in files if f.is_file() for row in json.loads(f.read_text())]


def growth() -> list[str]:
    """The growth on cooling, predicted and measured."""
    lines = [
        "Growth on cooling, of what the packaged model `ka3d` predicts and of what was measured:",
        "",
        "| t/τ_α | T | t | configurations | | χ₄ | S₄ (q) | S₄ with noise | l |",
        "| --- " * 9 + "|",
    ]
    rows = four_point_rows()
    temperatures = sorted({r["temperature"] for r in rows}, reverse=True)
    for share in SHARES:
        for t in temperatures:
            unit = ka3d_relaxation_time(t)
            assert unit is not None
            here = [r for r in rows if r["temperature"] == t]
            here = [r for r in here if abs(r["time"] / unit.value / share - 1) < 0.02]
            noisy = [r for r in here if r["mobility"] == "measured"]
            for name in (PREDICTED, NOISELESS):
                for r in (r for r in here if r["mobility"] == name):
                    s4 = number(r["s4"][0], r["s4_interval"][0])
                    with_noise = "-"
                    if noisy and name == NOISELESS:
                        with_noise = number(noisy[0]["s4"][0], noisy[0]["s4_interval"][0])
                    cells = [
                        f"{share:g}", f"{t:g}", f"{r['time']:g}", str(r["n_configurations"]), name,
                        number(r["chi4"], r["chi4_interval"]), f"{s4} ({r['q'][0]:.2f})",
                        with_noise, number(r["length"], r["length_interval"]),
                    ]  # fmt: skip
                    lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", grown(rows)] if rows else []


def grown(rows: list[dict[str, Any]]) -> str:
    """Where there is more than at the warmest at t = τ_α, beyond both intervals."""
    found = []
    for name in (PREDICTED, NOISELESS):
        late: dict[float, dict[str, Any]] = {}
        for r in (r for r in rows if r["mobility"] == name):
            unit = ka3d_relaxation_time(r["temperature"])
            assert unit is not None
            if abs(r["time"] / unit.value - 1) < 0.02:
                late[r["temperature"]] = r
        warm = late.pop(max(late))
        for key, symbol in (("chi4", "χ₄"), ("length", "l")):
            beyond = [
                f"{t:g}"
                for t, r in sorted(late.items(), reverse=True)
                if r[key] - warm[key] > math.hypot(r[f"{key}_interval"], warm[f"{key}_interval"])
            ]
            where = f"at T = {', '.join(beyond)}" if beyond else "nowhere"
            found.append(f"{symbol} {name} {where}")
    return (
        "More than at the warmest at t = τ_α, by more than both intervals added in squares: "
        f"{'; '.join(found)}. One model decides nothing by the rule above. The configurations at "
        "T = 0.44 have 4096 particles, the others 1000, so that S₄ is at another wave number there "
        "and l of the others may be shortened, as the mean of each small box is subtracted."
    )


def number(value: float | None, half: float | None) -> str:
    """With its interval, to two digits of that."""
    if value is None:
        return "-"
    if half is None:
        return f"{value:.2g}"
    digits = 0 if half >= 10 else 1 if half >= 1 else 2
    return f"{value:.{digits}f} ± {half:.{digits}f}"


def published() -> list[str]:
    """The largest chi_4 over times of each temperature, over that of the warmest."""
    rows = read_table(RESULTS / "published_chi4.csv")
    temperatures = sorted({r["temperature"] for r in rows}, reverse=True)
    lines = [
        "Published (FIG7 of GlassBench, Zenodo 10.5281/zenodo.10118191, CC-BY-4.0; its χ₄ is "
        "defined otherwise): the largest χ₄ over times, in brackets over that of the warmest:",
        "",
        f"| | {' | '.join(f'T = {t:g}' for t in temperatures)} |",
        "| --- " * (len(temperatures) + 1) + "|",
    ]
    for name in dict.fromkeys(r["network"] for r in rows):
        most = [
            max(r["chi4"] for r in rows if (r["network"], r["temperature"]) == (name, t))
            for t in temperatures
        ]
        cells = [f"{m:.1f} ({m / most[0]:.1f})" for m in most]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines
