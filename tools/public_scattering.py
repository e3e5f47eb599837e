"""F_s(7.25, 4120) of type A in the ten public BOTAN files, to docs/results/scattering_t044.json.

python tools/public_scattering.py ../shared/data/shiba_T0.44
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from equiglass.data.dataset import read
from equiglass.simulation.observables import self_scattering

RESULT = Path(__file__).parents[1] / "docs" / "results" / "scattering_t044.json"
WAVE_NUMBER = 7.25


def main() -> None:
    """Mean over particles and trajectories of each file; mean and deviation over files."""
    found: dict[str, float] = {}
    time = 0.0
    for c in read(sys.argv[1]):
        assert c.end_positions is not None and c.times is not None
        mine, time = c.types == 0, float(c.times[-1])
        moved = c.end_positions[-1][:, mine] - c.positions[mine]
        scattering = self_scattering(np.linalg.norm(moved, axis=2), WAVE_NUMBER)
        found[Path(c.source).name] = float(scattering.mean())
    values = np.array(list(found.values()))
    result = {
        "command": "python tools/public_scattering.py FOLDER",
        "quantity": f"F_s({WAVE_NUMBER:g}, t) of type A",
        "temperature": 0.44,
        "time": time,
        "mean": float(values.mean()),
        "standard_error": float(values.std(ddof=1) / len(values) ** 0.5),
        "files": found,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
