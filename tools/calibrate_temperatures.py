"""Error bars for the model of several temperatures, from ensembles that it has not learned from.

    python tools/calibrate_temperatures.py RUN DATA PUBLIC.zarr OUT

RUN and DATA as for tools/all_temperatures.py; PUBLIC.zarr as it was trained on, whose
configurations are each predicted by the member that did not see them. OUT is the model with the
error bars of all temperatures; stores of what they rest on lie beside it.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from all_temperatures import PUBLIC, TESTS, tests_at, unseen_structures

import equiglass as eg
from equiglass.models.storage import restore


def main() -> None:
    run, data, public, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    model: Path | str = run
    held = [e.load().replace(source=e.name, end_positions=None) for e in eg.read(public).entries]
    sets = {PUBLIC: held}
    for temperature in TESTS:
        tests = unseen_structures(restore(run), tests_at(temperature, data))
        # Ensembles of one kind, the most of them: of the same times and as many runs.
        kinds = [
            (tuple(map(float, c.times)), c.n_trajectories) for c in tests if c.times is not None
        ]
        (kind, _), *_ = Counter(kinds).most_common(1)
        sets[temperature] = [c for c, own in zip(tests, kinds, strict=True) if own == kind]
    for number, (temperature, configurations) in enumerate(sets.items()):
        store = out / f"held_out_T{temperature:g}.zarr"
        # Names of the public files must stay those under which folds held them out.
        eg.convert(configurations, store)
        step = out / f"step{number}"
        found = eg.calibrate(f"{model}@{temperature:g}", store, output=step)
        print(f"T = {temperature:g}: {found.calibration}", flush=True)
        model = step
    restore(model).save(out / "model")


if __name__ == "__main__":
    main()
