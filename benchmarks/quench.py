"""What the accuracy of a quench changes: energies, forces, predictions, ρ and time.

    python benchmarks/quench.py --data DATA [--model ka3d_t044] [--json FILE]

Every configuration of DATA is quenched at each accuracy in this process, on one thread, nothing
in the cache, and predicted by the model from each. Times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from equiglass.data.accuracy import ACCURACIES, REFERENCE
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import read
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.evaluation.correlation import pearson
from equiglass.evaluation.score import score
from equiglass.geometry.periodic import minimum_image
from equiglass.models.propensity import PropensityModel
from equiglass.models.storage import load_model
from equiglass.simulation.lammps import LammpsEngine
from equiglass.simulation.quench import quench_configuration

# Farther apart, sigma, two inherent positions of a particle belong to different minima.
REARRANGED = 0.05


def force_left(c: Configuration) -> float:
    assert c.inherent_positions is not None
    with LammpsEngine(c.replace(positions=c.inherent_positions), KOB_ANDERSEN) as engine:
        return float(np.sqrt((engine.forces**2).sum(axis=1).mean()))


def compared(
    made: list[Configuration],
    reference: list[Configuration],
    predicted: list[np.ndarray],
    expected: list[np.ndarray],
) -> dict[str, float]:
    """How far inherent structures, energies and predictions are from those of the reference."""
    moved, energies, means, correlations, largest = [], [], [], [], []
    for c, r, p, e in zip(made, reference, predicted, expected, strict=True):
        step = minimum_image(c.inherent_positions - r.inherent_positions, c.box, c.periodic)
        moved.append(int((np.linalg.norm(step, axis=1) > REARRANGED).sum()))
        difference = c.inherent_energy - r.inherent_energy
        energies.append(float(np.sqrt((difference**2).mean())))
        means.append(abs(float(difference.mean())))
        correlations += [
            pearson(p[-1][c.types == t], e[-1][c.types == t]) for t in np.unique(c.types)
        ]
        largest.append(float(np.abs(p - e).max() / e.std()))
    return {
        "rearranged_particles": sum(moved),
        "mean_energy_difference": max(means),
        "rms_energy_difference": max(energies),
        "lowest_correlation": min(correlations),
        "largest_difference_in_std": max(largest),
    }


def rho(model: PropensityModel, made: list[Configuration], values: list[np.ndarray]) -> list[dict]:
    by_name = {id(c): v for c, v in zip(made, values, strict=True)}
    result = score(lambda c: by_name[id(c)], model.times, made, model="m", data="d")
    return [
        {"type": s.type, "rho": float(np.mean(s.per_configuration)), "pooled": s.pooled}
        for s in result.scores
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="ka3d_t044")
    parser.add_argument("--json", metavar="FILE", type=Path)
    options = parser.parse_args()
    model, dataset = load_model(options.model), read(options.data)
    liquids = [
        c.replace(inherent_positions=None, thermal_energy=None, inherent_energy=None)
        for c in dataset
    ]
    rows: list[dict[str, Any]] = []
    reference: list[Configuration] = []
    expected: list[np.ndarray] = []
    for name, accuracy in ACCURACIES.items():
        begun = time.process_time()
        made = [quench_configuration(c, KOB_ANDERSEN, accuracy) for c in liquids]
        seconds = (time.process_time() - begun) / len(made)
        values = [model.predict(c) for c in made]
        if accuracy is REFERENCE:
            reference, expected = made, values
        rows.append(
            {
                "accuracy": name,
                "content": accuracy.content(),
                "cpu_seconds": seconds,
                "rms_force": max(map(force_left, made)),
                **compared(made, reference, values, expected),
                "scores": rho(model, made, values),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    result = {
        "model": options.model,
        "fingerprint": dataset.fingerprint(),
        "n_configurations": len(liquids),
        "n_particles": sorted({len(c) for c in liquids}),
        "rows": rows,
    }
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
