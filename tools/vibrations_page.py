"""How two networks begin to learn the shortest time, step by step, to docs/baselines.md.

python tools/vibrations_page.py [--check]
python tools/vibrations_page.py --collect SE3_RUN ROUND_RUN COMPARED.json

The runs are those of ``equiglass train ka3d_vibrations`` and ``:botan_round``, the JSON that of
``equiglass compare vibrations/tests056.zarr se3 botan_round --json COMPARED.json``.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

from pages import RESULTS, ROOT, Page, run

from equiglass.drawing import blank_figure, save

FILE = RESULTS / "vibrations.json"
FIGURE = RESULTS / "vibrations.png"
NAMES = "SE(3)", "BOTAN, one round"
SHOWN = (1, 2, 4, 8, 12, 16, 20, 24)  # epochs


def curve(folder: Path) -> list[dict[str, float]]:
    """By epoch: steps so far, loss of the epoch, and correlation on the validation data."""
    with (folder / "logs" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[int, dict[str, float]] = {}
    for row in rows:
        known = {k: float(row[k]) for k in ("loss", "validation_rho") if row[k]}
        own = {"epoch": int(row["epoch"]) + 1, "steps": int(row["step"]) + 1}
        found.setdefault(int(row["epoch"]), {}).update(own | known)
    return list(found.values())


def collect(folders: list[Path], compared: Path) -> None:
    """Keep the curves of the runs, and how they compare on the tests."""
    models = []
    for model in json.loads(compared.read_text()):
        row = next(r for r in model["pearson"] if r["type"] == "A")
        known = "parameters", "n_configurations", "training_seconds"
        models.append(
            {k: model[k] for k in known}
            | {k: row[k] for k in ("time", "per_configuration_mean", "ceiling")}
        )
    kept = {
        name: {**model, "curve": curve(folder)}
        for name, model, folder in zip(NAMES, models, folders, strict=True)
    }
    FILE.write_text(json.dumps(kept, indent=1) + "\n")
    figure, axis = blank_figure(size=(5.2, 3.0))
    for name, found in kept.items():
        steps, rho = zip(*((e["steps"], e["validation_rho"]) for e in found["curve"]), strict=True)
        axis.plot(steps, rho, "o-", ms=3, label=name)
    axis.set(xscale="log", xlabel="steps", ylabel=r"$\rho$ on the validation data, type A")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False)
    save(figure, FIGURE)


def page() -> str:
    """The block of docs/baselines.md."""
    kept: dict[str, Any] = json.loads(FILE.read_text())
    lines = [
        "| network | parameters | steps | seconds of training | ρ | of a ceiling of |",
        "| --- " * 6 + "|",
    ]
    for name, found in kept.items():
        lines.append(
            f"| {name} | {found['parameters']} | {found['curve'][-1]['steps']} | "
            f"{found['training_seconds']:.0f} | "
            f"{found['per_configuration_mean']:.3f} | {found['ceiling']:.3f} |"
        )
    lines += ["", "| network | steps | loss | ρ on the validation data |", "| --- " * 4 + "|"]
    lines += [
        f"| {name} | {e['steps']} | {e['loss']:.3f} | {e['validation_rho']:.3f} |"
        for name, found in kept.items()
        for e in found["curve"]
        if e["epoch"] in SHOWN
    ]
    return "\n".join([*lines, "", f"![ρ against steps](results/{FIGURE.name})"])


PAGES = (Page(ROOT / "docs" / "baselines.md", page, "vibrations"),)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--collect"]:
        *folders, compared = map(Path, sys.argv[2:])
        collect(folders, compared)
    else:
        run(PAGES, __doc__)
