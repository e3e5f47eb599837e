"""The two-dimensional mixture from one public configuration: simulate, learn, score, keep.

    python tools/ternary_2d.py N1290T0.30_3_tc01.npz FOLDER

Half an hour of one core, and the same call continues a stopped one. Two runs of 2,500 tau_LJ begin
from the public configuration with other velocities; one is learned from, four late starts of the
other, 400 tau_LJ apart, become ensembles. In the end docs/results/ternary_2d.json has what the
networks score on the public labels, and study_ternary_2d.csv is the table of the study.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from pages import RESULTS, ROOT

import equiglass as eg
from equiglass.data.store import write_store
from equiglass.studies.grid import write_csv
from equiglass.studies.registry import STUDIES
from equiglass.written import write_json

EXAMPLE = ROOT / "examples" / "ternary_2d"
STARTS = (14, 19, 24, 29)  # of the second run
SEEDS = (0, 1, 2)
TIMES = (0.11, 1.25, 14.14, 158.74)


def main(public: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    # Settings name the potential as seen from the root of the repository.
    for name in ("examples",):
        if not Path(name).exists():
            Path(name).symlink_to(ROOT / name)
    if not Path("start.zarr").exists():
        (first,) = eg.read(public)
        bare = first.without_targets()
        write_store(Path("start.zarr"), [(name, bare, None) for name in ("first", "second")])
    settings, labels = EXAMPLE / "simulation.yaml", Path("labels")
    eg.simulate(settings, labels / "chains.zarr", n_processes=2, progress=True)
    if not Path("starts.zarr").exists():
        chain = [c for c in eg.read(labels / "chains.zarr") if "C01" in c.source]
        chosen = [(f"start-{k}", chain[k].without_targets(), None) for k in STARTS]
        write_store(Path("starts.zarr"), chosen)
    eg.simulate(f"{settings}:ensembles", labels / "ensembles.zarr", n_processes=2, progress=True)
    rows = eg.study("target", EXAMPLE / "training.yaml", "study", progress=True)
    for row in rows:
        row["data"] = "labels"
    columns = STUDIES["target"].table_columns
    (RESULTS / "study_ternary_2d.csv").write_text(write_csv(rows, columns))
    write_json(RESULTS / "ternary_2d.json", scores(public, labels))


def scores(public: Path, labels: Path) -> dict[str, object]:
    """Of the networks of displacements on the public labels, and what the simulation did."""
    found = {}
    for seed in SEEDS:
        model = Path("study") / f"displacement,seed={seed}" / "run"
        result = eg.evaluate(model, public)
        (c,) = result.configurations
        found[str(seed)] = [
            {k: s.as_dict()[k] for k in ("type", "time", "pooled", "ceiling")}
            for s in result.scores
        ]
    tests = list(eg.read(labels / "ensembles.zarr").split("test"))
    train = [c for c in eg.read(labels / "chains.zarr") if "C00" in c.source]
    of_a: dict[str, list[float]] = {}
    for name in ("propensity", "bond_breaking", "self_scattering"):
        arrays = [getattr(c, name) for c in tests]
        if name == "self_scattering":  # (T, R, S)
            each = [a[:, :, 0].mean(axis=1) for a in arrays]
        else:
            each = [
                np.nanmean(a[:, c.types == 0], axis=1) for a, c in zip(arrays, tests, strict=True)
            ]
        of_a[name] = np.mean(each, axis=0).tolist()
    # The first start has the positions of the public configuration.
    energies: dict[str, float] = {}
    for name in ("thermal", "inherent"):
        means = [float(getattr(x, f"{name}_energy").mean()) for x in train[1:]]
        energies[f"public_{name}"] = float(getattr(c, f"{name}_energy").mean())
        energies |= {name: float(np.mean(means)), f"{name}_std": float(np.std(means, ddof=1))}
    return {
        "public": public.name, "public_labels": found, "energies": energies,
        "public_displacement_A": float(result.measured[0][0][c.types == 0].mean()),
        "starts": len(train), "ensembles": len(tests), "runs": tests[0].n_trajectories,
        "times": list(TIMES), "of_A": of_a,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("public", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    main(given.public.resolve(), given.folder.resolve())
