"""The two-dimensional mixture from one public configuration: simulate, learn, score, keep.

    python tools/ternary_2d.py N1290T0.30_3_tc01.npz N1290T0.23_202_tc05.npz FOLDER

Half an hour of one core, and the same call continues a stopped one. Short runs from the positions
of the first file, and forces in the inherent structure of the second, show whether the potential
is that of the public set. Two runs of 2,400 tau_LJ begin from the first with other velocities; one
is learned from, fourteen late starts of the other, 160 tau_LJ apart, become ensembles. In the end
docs/results/ternary_2d.json has what the networks score on the labels of the first file, and
study_ternary_2d.csv is the table of the study.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pages import RESULTS, ROOT

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.data.potential import load_potential
from equiglass.data.store import write_store
from equiglass.drawing import save
from equiglass.geometry.periodic import minimum_image
from equiglass.simulation.engine import open_engine
from equiglass.studies.grid import write_csv
from equiglass.studies.registry import STUDIES
from equiglass.studies.seeds import SEEDS
from equiglass.written import write_json

EXAMPLE = ROOT / "examples" / "ternary_2d"
STARTS = tuple(range(3, 30, 2))  # of the second run; two choose epochs, twelve test
# That of the settings; and another mixture of this kind, which the public set is not.
POTENTIALS = {"own": EXAMPLE / "potential.yaml", "other": ROOT / "examples/lammps/ternary_2d.yaml"}
Array = NDArray[np.float64]


def main(public: Path, quenched: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    # Settings name the potential as seen from the root of the repository.
    if not Path("examples").exists():
        Path("examples").symlink_to(ROOT / "examples")
    (first,) = eg.read(public)
    bare = first.without_targets()
    if Path("start.zarr").exists():
        # All that is simulated is bound to it, but it to the file by nothing else.
        assert np.array_equal(eg.read("start.zarr")[0].positions, bare.positions), public
    else:
        write_store(Path("start.zarr"), [(name, bare, None) for name in ("first", "second")])
    settings, labels = EXAMPLE / "simulation.yaml", Path("labels")
    eg.simulate(f"{settings}:public", "public.zarr", n_processes=1, progress=True)
    eg.simulate(settings, labels / "chains.zarr", n_processes=1, progress=True)
    if not Path("starts.zarr").exists():
        chain = [c for c in eg.read(labels / "chains.zarr") if "C01" in c.source]
        chosen = [(f"start-{k:02d}", chain[k].without_targets(), None) for k in STARTS]
        write_store(Path("starts.zarr"), chosen)
    eg.simulate(f"{settings}:ensembles", labels / "ensembles.zarr", n_processes=1, progress=True)
    rows = eg.study("target", EXAMPLE / "training.yaml", "study", progress=True)
    for row in rows:
        row["data"] = "labels"
    study = STUDIES["target"]
    (RESULTS / "study_ternary_2d.csv").write_text(write_csv(rows, study.table_columns))
    save(study.figure(rows), RESULTS / "study_ternary_2d.png")
    record = found(public, labels)
    for name, potential in POTENTIALS.items():
        record.setdefault("balance", {})[name] = balance(quenched, potential)
    write_json(RESULTS / "ternary_2d.json", record)


def found(public: Path, labels: Path) -> dict[str, Any]:
    """What the simulation did, and what the networks of displacements score on public labels."""
    (theirs,) = eg.read(public)
    (ours,) = eg.read("public.zarr")
    tests = list(eg.read(labels / "ensembles.zarr").split("test"))
    learned = [c for c in eg.read(labels / "chains.zarr") if "C00" in c.source]
    scores = {}
    for seed in SEEDS:
        result = eg.evaluate(Path("study") / f"displacement,seed={seed}" / "run", public)
        scores[str(seed)] = [
            {k: s.as_dict()[k] for k in ("type", "time", "pooled", "ceiling")}
            for s in result.scores
        ]
    (completed,) = result.configurations
    times = tests[0].times
    assert times is not None
    return {
        "public": public.name, "public_labels": scores,
        "short_runs": {
            "runs": ours.n_trajectories,
            "types": [compared(theirs, ours, k) for k in range(3)],
        },
        "energies": energies(completed, learned[3:]), "times": times.tolist(),
        "starts": len(learned), "ensembles": len(tests), "runs": tests[0].n_trajectories,
        "of_A": means_of_a(tests),
    }  # fmt: skip


def moved(c: Configuration) -> Array:
    """Displacements (R, N, 2) of the runs at the first time."""
    assert c.end_positions is not None
    away = c.end_positions[0].astype(np.float64) - c.positions
    return np.asarray(minimum_image(away, c.box, c.periodic), dtype=np.float64)[..., :2]


def compared(theirs: Configuration, ours: Configuration, kind: int) -> dict[str, float]:
    """Of a type, the displacements of public runs beside those of ours from the same positions.

    The mean over the runs is what the forces at the start do, the scatter between them what the
    velocities do.
    """
    mine = theirs.types == kind
    a, b = (moved(c)[:, mine] for c in (theirs, ours))
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    noise = a.var(axis=0, ddof=1).mean() / len(a)
    # The slope on ours, whose own noise is taken out of the denominator.
    own = (mean_b**2).mean() - b.var(axis=0, ddof=1).mean() / len(b)
    return {
        "slope": float((mean_a * mean_b).mean() / own),
        "correlation": float(np.corrcoef(mean_a.ravel(), mean_b.ravel())[0, 1]),
        "ceiling": float((1 - noise / (mean_a**2).mean()) ** 0.5),
        "scatter": float(a.var(axis=0, ddof=1).mean() / b.var(axis=0, ddof=1).mean()),
        "moved": float(np.linalg.norm(a, axis=-1).mean()),
        "moved_ours": float(np.linalg.norm(b, axis=-1).mean()),
    }


def balance(file: Path, potential: Path) -> dict[str, float]:
    """Root mean squares of the forces in the stored inherent structure and the thermal one."""
    (c,) = eg.read(file)
    bare = c.without_targets()
    assert c.inherent_positions is not None
    shown = {}
    for name, positions in (("inherent", c.inherent_positions), ("thermal", c.positions)):
        at = bare.replace(positions=positions)
        with open_engine("lammps", at, load_potential(potential)) as engine:
            shown[name] = float((engine.forces[:, :2] ** 2).mean() ** 0.5)
    return shown


def energies(public: Configuration, starts: list[Configuration]) -> dict[str, float]:
    """Per particle, of the public configuration and of late starts of a run."""
    shown: dict[str, float] = {}
    for name in ("thermal", "inherent"):
        each = [float(getattr(c, f"{name}_energy").mean()) for c in starts]
        shown[f"public_{name}"] = float(getattr(public, f"{name}_energy").mean())
        shown |= {name: float(np.mean(each)), f"{name}_std": float(np.std(each, ddof=1))}
    return shown


def means_of_a(tests: list[Configuration]) -> dict[str, list[float]]:
    """What type A does in the test ensembles, at each time."""
    shown: dict[str, list[float]] = {}
    for name in ("propensity", "bond_breaking", "self_scattering"):
        each = []
        for c in tests:
            values = getattr(c, name)
            if name == "self_scattering":  # (T, R, S)
                each.append(values[:, :, 0].mean(axis=1))
            else:
                each.append(np.nanmean(values[:, c.types == 0], axis=1))
        shown[name] = np.mean(each, axis=0).tolist()
    return shown


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("public", type=Path)
    parser.add_argument("quenched", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    main(given.public.resolve(), given.quenched.resolve(), given.folder.resolve())
