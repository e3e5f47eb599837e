"""Write docs/results/ka3d_t044.md and the README's results from the packaged model's metrics.

python tools/results_page.py [--check]
"""

from __future__ import annotations

import json
from typing import Any

import baselines_page
from baselines_page import ceiling
from pages import RESULTS, ROOT, Page, run

MODEL = ROOT / "src" / "equiglass" / "packaged" / "models" / "ka3d_t044" / "model.json"

TEXT = """# ka3d_t044

A packaged model, trained on real data: the three-dimensional Kob–Andersen liquid at ρ = 1.2 and
T = 0.44, propensity at t = 4120 (about τ_α).

| | |
| --- | --- |
| load it | `eg.load_model("ka3d_t044")`, `equiglass predict ka3d_t044 …` |
| network | {layers} layers, l_max = {l_max}, {channels} channels, SO(3) paths; {members} \
networks of {per_member} parameters whose predictions are averaged, one for each fold |
| inputs | graph on the inherent structure, type, both energies per particle, displacement from \
thermal position to inherent structure |
| data | the ten public files of BOTAN's `small_data` at T = 0.44, tc07 (h3-Open-BDEC/pyg_botan, \
Apache-2.0; H. Shiba et al., J. Chem. Phys. 158, 084503 (2023)), with their time-reversed \
trajectories, each with the weight 0.5 |
| command | `equiglass cross-validate ka3d_t044 -o ka3d_t044 --folds 5 -j 2`, by the version that \
still had `reversed_weight` as a setting; by this one weights follow from the noise of labels, and \
the model was not trained again |
| meant for | Kob–Andersen liquids at ρ = 1.2 near T = 0.44; elsewhere its numbers are \
extrapolations |
| symmetry | rotations, translations, permutations; not reflections |

## Cross-validation

Five folds over the ten files, whole files held out, with their end states: each network is scored
on two files that it has not seen in any form. The settings were chosen by a handful of runs that
held out files 1 and 2; nothing was chosen on the other eight. The average of the five networks,
which is what is packaged, is not scored here: every file was seen by four of its five members.

The picture in the README is file 5, predicted by the network of fold 0, which had not seen it.

Pearson's ρ per configuration; the noise ceiling is that of all splits of the 32 trajectories
([how](../single_runs.md)):

| type | mean ± std | noise ceiling | {headings} |
| --- | --- | --- |{rules}
{rows}

The best of four ridge regressions on this project's descriptors, trained and tested on the same
files and folds, has {ridge:.3f} for type A ([all predictors](baselines.md)).

The figures below are for orientation and stand for other files and other amounts of training data:
mean ρ of type A at the same state point and time is .791 for the paper's model (400 training
configurations) and .817 for EIGNN (100), both on GlassBench's test files, by the tables of EIGNN
(J. Phys. Chem. B 129, 3053 (2025)); GlassBench's own curve of the paper's model has .815 (Zenodo
10118191, `FIG1.dat`).
"""


def model_json() -> dict[str, Any]:
    """The description of the packaged model, with its cross-validation."""
    result: dict[str, Any] = json.loads(MODEL.read_text())
    return result


def page() -> str:
    """The page of the model."""
    model = model_json()
    rows, names = [], []
    for row in model["metrics"]["cross_validation"]["pearson"]:
        values = {name: rho for fold in row["folds"] for name, rho in fold.items()}
        numbered = sorted((baselines_page.file_number(name), rho) for name, rho in values.items())
        names = [f"file {k}" for k, _ in numbered]
        cells = " | ".join(f"{rho:.3f}" for _, rho in numbered)
        rows.append(
            f"| {row['type']} | {row['mean']:.3f} ± {row['std']:.3f} | "
            f"{ceiling(row['type']):.3f} | {cells} |"
        )
    config = model["config"]
    return TEXT.format(
        layers=config["layers"],
        l_max=config["l_max"],
        channels=config["channels"],
        members=model["members"],
        per_member=model["parameters"] // model["members"],
        headings=" | ".join(names),
        rules=" --- |" * len(names),
        rows="\n".join(rows),
        ridge=baselines_page.mean_of(baselines_page.best_ridge()),
    )


def longest(displacements: str) -> dict[str, Any]:
    """The row of type A with the longest dynamics that were tried."""
    rows: list[dict[str, Any]] = json.loads((RESULTS / "states_t044.json").read_text())["rows"]
    wanted = "ka3d_t044", "A", displacements
    mine = [
        r for r in rows if (r["model"], r["type"], r["displacements"]) == wanted and r["states"] > 1
    ]
    return max(mine, key=lambda r: float(r["extra_simulation"]["time"]))


def readme() -> str:
    """The README's paragraph."""
    a = model_json()["metrics"]["cross_validation"]["pearson"][0]
    most, joined = longest("none"), longest("joined")
    share = most["extra_simulation"]["share_of_relaxation_time"]
    names = baselines_page.best_ridge(), baselines_page.ENERGY
    ridge, energy = map(baselines_page.mean_of, names)
    return (
        f"On ten public configurations of the Kob–Andersen liquid at T = 0.44, at the relaxation\n"
        f"time, five-fold cross-validation over whole configurations gives a Pearson correlation\n"
        f"between predicted and measured propensity of **{a['mean']:.3f} ± {a['std']:.3f}** per\n"
        f"configuration (type A; ± is the standard deviation over the ten); the noise of labels\n"
        f"allows {ceiling('A'):.2f} at best.\n"
        f"The networks were trained on eight configurations each. Averaged over {most['states']}\n"
        f"states from molecular dynamics of {share:.2g} τ_α in all, the longest tried, which\n"
        f"every output then declares, it is {most['rho']:.3f} ± {most['std']:.3f}, and joined\n"
        f"with how far particles move in these runs {joined['rho']:.3f} ± {joined['std']:.3f}\n"
        f"([how, and at what cost](docs/states.md)).\n"
        f"[Fold by fold](docs/results/ka3d_t044.md).\n"
        f"On the same files and folds the best of four ridge regressions on expert descriptors\n"
        f"has {ridge:.3f}, the inherent energy alone {energy:.3f}\n"
        f"([all predictors](docs/results/baselines.md))."
    )


PAGES = (Page(RESULTS / "ka3d_t044.md", page), Page(ROOT / "README.md", readme, "results"))

if __name__ == "__main__":
    run(PAGES, __doc__)
