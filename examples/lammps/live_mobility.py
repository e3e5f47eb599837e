"""A Kob-Andersen liquid that LAMMPS runs and colours by predicted mobility while it runs.

python live_mobility.py [N [STEPS [EVERY]]]          2000 particles, 20000 steps, every 2000

Writes live_mobility.lammpstrj with the columns d_mobility, d_mobility_std and d_order_parameter.
"""

import sys
from pathlib import Path

from equiglass.interfaces.lammps_live import LiveMobility
from equiglass.simulation.lammps_instance import new_instance

given = [int(word) for word in sys.argv[1:4]]
number, steps, every = [*given, *[2000, 20000, 2000][len(given) :]]
script = Path(__file__).with_name("in.kob_andersen")

lmp = new_instance()
for name, value in {"n": number, "T": 0.5, "wait": 0, "run": 0, "every": every}.items():
    lmp.command(f"variable {name} index {value}")
lmp.file(str(script))  # random places, pushed apart, 10000 steps down to T
lmp.command("undump 1")
live = LiveMobility(lmp, "ka3d_t044", every=every)
lmp.command(
    f"dump live all custom {every} live_mobility.lammpstrj "
    "id type x y z d_mobility d_mobility_std d_order_parameter"
)
live.run(steps)
print(f"predicted at steps {live.steps}")
