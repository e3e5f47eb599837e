"""The public files at T = 0.44 with the end states of their first trajectories alone.

    python tools/public_ends.py FOLDER OUT.zarr [N] [--short STORE]

Labels are those of all 32 trajectories, as in the files; N end states of each (4) are kept, from
which training makes time-reversed examples: each of them needs a quench. STORE holds ensembles of
as many trajectories from the same starts at shorter times (``ka3d_short:cold``). Their labels and
inherent structures are taken in, so that a start is one configuration, which folds do not part.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import equiglass as eg
from equiglass.data.configuration import Configuration
from equiglass.geometry.periodic import minimum_image

LABELS = ("propensity", "propensity_error", "propensity_halves")
MADE = ("inherent_positions", "thermal_energy", "inherent_energy", "accuracy", "potential")
SAME = 1e-3  # sigma; what rounding to single precision may move


def started_from(c: Configuration, short: list[Configuration]) -> Configuration:
    """The ensemble of short runs whose start is this configuration."""
    apart = [float(np.abs(minimum_image(s.positions - c.positions, c.box)).max()) for s in short]
    nearest = int(np.argmin(apart))
    found = short[nearest]
    if apart[nearest] > SAME or found.n_trajectories != c.n_trajectories:
        raise SystemExit(
            f"{c.source}: expected short runs from it, as many as {c.n_trajectories}, found "
            f"{found.n_trajectories} from a start that is {apart[nearest]:.2g} away"
        )
    return found


def with_short(c: Configuration, s: Configuration) -> Configuration:
    """Labels at the times of both; end states are those of the file, at its times alone."""
    assert c.times is not None and s.times is not None and c.end_positions is not None
    assert s.times[-1] < c.times[0], f"{s.source}: not shorter than {c.times[0]:g}"
    labels = {k: np.concatenate([getattr(s, k), getattr(c, k)]) for k in LABELS}
    unknown = np.full((len(s.times), *c.end_positions.shape[1:]), np.nan)
    return c.replace(
        times=np.concatenate([s.times, c.times]),
        end_positions=np.concatenate([unknown, c.end_positions]),
        **labels,
        **{k: getattr(s, k) for k in MADE},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("n", type=int, nargs="?", default=4)
    parser.add_argument("--short", type=Path)
    asked = parser.parse_args()
    short = list(eg.read(asked.short)) if asked.short else None
    kept = []
    for c in eg.read(asked.folder):
        assert c.end_positions is not None, c.source
        few = c.replace(end_positions=c.end_positions[:, : asked.n])
        kept.append(few if short is None else with_short(few, started_from(few, short)))
    eg.convert(kept, asked.out)
    print(asked.out, len(kept), "configurations")


if __name__ == "__main__":
    main()
