"""Write the results of docs/own_trajectory.md from docs/results/own_trajectory.json.

python tools/own_trajectory.py FOLDER
python tools/own_trajectory_page.py [--check]
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "own_trajectory.md"
NAMES = {
    "kob_andersen": "Kob-Andersen",
    "wahnstrom": "Wahnström",
    "ternary_2d": "three species in a plane",
}


@cache
def read() -> dict[str, Any]:
    """The committed runs."""
    content: dict[str, Any] = json.loads((RESULTS / "own_trajectory.json").read_text())
    return content


def first() -> dict[str, Any]:
    """Those of the Kob-Andersen liquid."""
    found: dict[str, Any] = read()["kob_andersen"]
    return found


def commands() -> str:
    """What was run, and its cost."""
    lines = ["| command | processor time |", "| --- | --- |"]
    for step in first()["steps"].values():
        lines.append(f"| `{step['command']}` | {_seconds(step['core_seconds'])} |")
    notes = {name: step["note"] for name, step in first()["steps"].items() if "note" in step}
    lines += ["", *(f"{name.capitalize()}: {note}." for name, note in notes.items())]
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "not recorded" if value is None else f"{value:.0f} s"


def dynamics() -> str:
    """What ``info`` found."""
    found = first()["info"]
    tau, trajectory = found["relaxation_times"][0], found["trajectory"]
    halves = "; ".join(
        f"{h['quantity']} {h['first']['mean']:.4g} ± {h['first']['error']:.2g} and then "
        f"{h['second']['mean']:.4g} ± {h['second']['error']:.2g} (p = {h['p']:.2f})"
        for h in trajectory["halves"]
    )
    return (
        f"{trajectory['n_frames']} frames {trajectory['shortest_spacing']:g} apart, τ_α = "
        f"{tau['value']:.1f} ({tau['definition']}), potential energy per particle "
        f"{found['energy']['potential_energy']:.3f}.\nFirst and second half: {halves}.\nAgeing is "
        f"{'seen' if trajectory['ages'] else 'not seen'}."
    )


def stretches() -> str:
    """What was learned from, and what was left."""
    (found,) = first()["training"]["trajectories"]
    parts = [
        f"{s['split']} from {s['start']:g} to {s['stop']:g} ({s['examples']} examples)"
        for s in found["stretches"]
    ]
    low, high = first()["test_frames"]
    times = ", ".join(f"{t:g}" for t in found["times"])
    return (
        f"The stretches were {'; '.join(parts)}, and the times of the model {times} τ_LJ. The "
        f"stretch for the test is frames {low} to {high}."
    )


def scores() -> str:
    """Correlations on the stretch that was held out."""
    lines = [
        "| type | t | ρ with single runs | reliability | estimate for the propensity |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in first()["scores"]:
        lines.append(
            f"| {row['type']} | {row['time']:g} | {row['rho']:.3f} {_interval(row, 'rho')} | "
            f"{_number(row['reliability'])} | {_estimate(row)} |"
        )
    return "\n".join(lines)


def others() -> str:
    """The three mixtures beside each other, type A at the longest time with an interval."""
    lines = [
        "| mixture | N | T | frames | τ_α | examples | t | ρ with single runs | reliability | "
        "estimate for the propensity |",
        "| --- " * 10 + "|",
    ]
    for name, found in read().items():
        info = found["info"]
        (trajectory,) = found["training"]["trajectories"]
        rows = [r for r in found["scores"] if r["type"] == "A"]
        row = [r for r in rows if r["rho_propensity_interval"] is not None][-1]
        lines.append(
            f"| {NAMES[name]} | {info['n_particles'][0]} | {trajectory['temperature']:g} | "
            f"{info['trajectory']['n_frames']} | {info['relaxation_times'][0]['value']:.1f} | "
            f"{len(found['training']['training'])} | {row['time']:g} | {row['rho']:.3f} "
            f"{_interval(row, 'rho')} | {_number(row['reliability'])} | {_estimate(row)} |"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(row: dict[str, Any], key: str) -> str:
    found = row[f"{key}_interval"]
    return "" if found is None else f"[{found[0]:.3f}, {found[1]:.3f}]"


def _estimate(row: dict[str, Any]) -> str:
    if row["rho_propensity"] is None:
        return f"none: {row['why_not']}"
    return f"{row['rho_propensity']:.3f} {_interval(row, 'rho_propensity')}"


BLOCKS = {
    "commands": commands,
    "dynamics": dynamics,
    "stretches": stretches,
    "scores": scores,
    "mixtures": others,
}
PAGES = tuple(Page(PAGE, content, block) for block, content in BLOCKS.items())

if __name__ == "__main__":
    run(PAGES, __doc__)
