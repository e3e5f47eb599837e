"""What averaging over states adds on held-out public files, by members that did not see them.

python tools/states_gain.py DATA OUT.json [--ridge RUN] [--states 9,17,17:640] [--only 1,7]

DATA is the folder of the ten public files at T = 0.44. Each is predicted by the member of the
packaged model ka3d_t044 in whose fold it was held out; with --ridge, the folder of
`equiglass cross-validate ka3d_t044:descriptors`, by the ridge of its fold too. After a number of
states may stand how long the dynamics are in all, tau_LJ.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import equiglass as eg
from equiglass.commands.averaging import Averaged
from equiglass.commands.models import Watch
from equiglass.data.configuration import Configuration
from equiglass.evaluation.paired import paired_difference
from equiglass.evaluation.score import Evaluation, score
from equiglass.models.held_out import recorded_rho, unseen_by
from equiglass.models.members import member_of
from equiglass.models.prepared import prepared
from equiglass.simulation.preparation import Preparation
from equiglass.simulation.states import States
from equiglass.written import read_json, write_json

MODEL = "ka3d_t044"


def evaluated(
    model: eg.PropensityModel,
    unseen: dict[str, tuple[int, ...]],
    configurations: list[Configuration],
    how: Preparation,
    states: States | None,
) -> tuple[Evaluation, dict[str, Any] | None]:
    """All configurations, each by the average of its unseen members."""
    predicted, seconds = {}, []
    for c in configurations:
        (k,) = unseen[Path(c.source).name]
        member = member_of(model, k)
        (complete,) = prepared(member, [c], how)
        watch = Watch(member, strict=False)
        if states is None:
            predicted[c.source] = watch.predict(complete)
        else:
            averaged = Averaged(watch, [complete], how, states)
            predicted[c.source] = averaged.predict(complete)
            seconds.append(averaged.found[0].seconds)
        print(f"{Path(c.source).name} states {states.number if states else 1}", flush=True)
    found = score(
        lambda c: predicted[c.source], model.times, configurations, model=MODEL, data="held out"
    )
    extra = None
    if states is not None:
        plan = averaged.found[0].record()
        extra = {**plan, "processor_seconds": round(sum(seconds) / len(seconds), 1)}
    return found, extra


def rows(name: str, results: list[tuple[Evaluation, dict[str, Any] | None]]) -> list[Any]:
    first = results[0][0]
    found = []
    for evaluation, extra in results:
        for k, one in enumerate(evaluation.scores):
            gain = paired_difference(one, first.scores[k]).as_dict()
            values = dict(
                zip(
                    (Path(c.source).name for c in evaluation.configurations),
                    one.per_configuration,
                    strict=True,
                )
            )
            mean = one.as_dict()
            found.append(
                {
                    "model": name,
                    "states": 1 if extra is None else extra["number"],
                    "type": one.type,
                    "time": one.time,
                    "rho": mean["per_configuration_mean"],
                    "std": mean["per_configuration_std"],
                    "ceiling": one.ceiling,
                    "gain": gain["rho"],
                    "gain_interval": gain["rho_interval"],
                    "per_configuration": values,
                    "extra_simulation": extra,
                }
            )
    return found


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Which line of the table a row is of."""
    extra = row["extra_simulation"]
    return row["model"], row["states"], None if extra is None else extra["time"], row["type"]


def plan(text: str) -> States:
    """From NUMBER or NUMBER:TIME."""
    number, _, time = text.partition(":")
    return States(int(number), time=float(time) if time else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ridge", type=Path)
    parser.add_argument(
        "--states", default="9,17,17:640", help="NUMBER or NUMBER:TIME, with commas"
    )
    parser.add_argument("--ridge-alone", action="store_true", help="without the packaged model")
    parser.add_argument("--only", help="numbers of the files, such as 1,7; by default all")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("-j", type=int, default=1)
    asked = parser.parse_args()
    data = [c.replace(end_positions=None) for c in eg.read(asked.data)]
    if asked.only is not None:
        chosen = {f"_{number}_" for number in asked.only.split(",")}
        data = [c for c in data if any(n in Path(c.source).name for n in chosen)]
    how = Preparation(cache=asked.cache, n_processes=asked.j)
    plans = [plan(text) for text in asked.states.split(",")]
    model = eg.load_model(MODEL)
    models = [] if asked.ridge_alone else [(MODEL, model)]
    if asked.ridge is not None:
        ridge = eg.load_model(asked.ridge)
        models.append(("descriptors", ridge))
    # Rows of other models and states stay, of these files.
    found = read_json(asked.out)["rows"] if asked.out.is_file() else []
    files = {Path(c.source).name for c in data}
    assert all(set(row["per_configuration"]) == files for row in found), "rows of other files"
    for name, one in models:
        unseen = unseen_by(one)
        results = [evaluated(one, unseen, data, how, None)]
        for c, rho in zip(data, results[0][0].scores[0].per_configuration, strict=True):
            recorded = recorded_rho(one, c.source)["A", one.times[0]]
            # The member is the one that did not see it.
            assert abs(rho - recorded) < 0.005, (c.source, rho, recorded)
        results += [evaluated(one, unseen, data, how, states) for states in plans]
        new = rows(name, results)
        found = [row for row in found if key_of(row) not in set(map(key_of, new))] + new
        write_json(asked.out, {"model": MODEL, "rows": found})


if __name__ == "__main__":
    main()
