"""From a plain dump to scores, in a short form: LAMMPS alone, then info, train, evaluate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import equiglass as eg
from equiglass.training.config import TrainConfig

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "lammps"
SHORT = {"n": "200", "T": "1.0", "wait": "2000", "run": "8000", "every": "100"}
POTENTIALS = {
    "kob_andersen": ("kob-andersen", {"A": 160, "B": 40}, 3),
    "wahnstrom": ("wahnstrom", {"A": 100, "B": 100}, 3),
    "ternary_2d": (str(EXAMPLES / "ternary_2d.yaml"), {"A": 93, "B": 51, "C": 56}, 2),
}


@pytest.mark.parametrize("name", POTENTIALS)
def test_from_a_plain_dump_to_scores(tmp_path: Path, name: str) -> None:
    potential, composition, dimensions = POTENTIALS[name]
    dump = tmp_path / "dump.lammpstrj"
    lmp = str(Path(sys.executable).with_name("lmp"))
    script = str(EXAMPLES / f"in.{name}")
    values = [a for name, value in SHORT.items() for a in ("-var", name, value)]
    subprocess.run(
        [lmp, "-in", script, *values, "-var", "out", str(dump), "-log", "none", "-screen", "none"],
        check=True,
        timeout=300,
    )
    found = eg.info(dump, timestep=0.005)
    assert found["trajectory"]["n_frames"] == 81 and found["composition"] == composition
    assert found["dimensions"] == dimensions
    assert found["trajectory"]["unwrapped_by"] == "the file" and found["relaxation_times"]
    settings = TrainConfig.model_validate(
        {
            "data": {
                "trajectory": str(dump), "timestep": 0.005, "temperature": 1.0, "stride": 10,
                "times": [1.0, 5.0], "validation_fraction": 0.0, "test_fraction": 0.4,
            },
            "model": {
                "layers": 1, "channels": 2, "l_max": 1,
                "inputs": {"graph": "thermal", "energies": [], "displacements": []},
            },
            "optimizer": {"epochs": 1},
            "preparation": {"potential": potential},
        }
    )  # fmt: skip
    model = eg.train(settings, tmp_path / "run", progress=False)
    result = eg.evaluate(model, dump, timestep=0.005, frames=slice(49, None, 4))
    late = result.of_type("A")[1]
    assert late.time == 5.0 and late.method == "reversal"
    assert late.estimate.rho is not None and np.isfinite(late.estimate.rho)
