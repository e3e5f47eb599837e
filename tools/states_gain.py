"""What states and displacements add on held-out public files, by members that did not see them.

python tools/states_gain.py DATA OUT.json [--ridge RUN] [--states 9,17,17:640,33:1280] [--only 1,7]

DATA is the folder of the ten public files at T = 0.44. Each is predicted by the member of the
packaged model ka3d_t044 in whose fold it was held out; with --ridge, the folder of
`equiglass cross-validate ka3d_t044:descriptors`, by the ridge of its fold too. After a number of
states may stand how long the dynamics are in all, tau_LJ. What displacements add to a file is
learned on the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import equiglass as eg
from equiglass.evaluation.displacements import learn_displacements
from equiglass.evaluation.learned import Learned
from equiglass.evaluation.paired import paired_difference
from equiglass.evaluation.score import Evaluation
from equiglass.models.held_out import recorded_rho
from equiglass.models.prepared import prepared
from equiglass.simulation.preparation import Preparation
from equiglass.simulation.states import States
from equiglass.written import read_json, write_json

MODEL = "ka3d_t044"


def rows(
    name: str, found: Evaluation, first: Evaluation, states: int, extra: Any, displacements: str
) -> list[dict[str, Any]]:
    """Of each type: scores, and the gain over the snapshots alone."""
    result = []
    for one, snapshot in zip(found.scores, first.scores, strict=True):
        gain, mean = paired_difference(one, snapshot).as_dict(), one.as_dict()
        files = (Path(c.source).name for c in found.configurations)
        result.append(
            {
                "model": name,
                "states": states,
                "displacements": displacements,
                "type": one.type,
                "time": one.time,
                "rho": mean["per_configuration_mean"],
                "std": mean["per_configuration_std"],
                "ceiling": one.ceiling,
                "gain": gain["rho"],
                "gain_interval": gain["rho_interval"],
                "per_configuration": dict(zip(files, one.per_configuration, strict=True)),
                "extra_simulation": extra,
            }
        )
    return result


def rows_of(name: str, learned: Learned) -> list[dict[str, Any]]:
    """Of the snapshots, of averages over states, joined with displacements, of these alone."""
    files = len(learned.snapshot.configurations)
    extra = {
        **learned.plan.record(),
        "processor_seconds": round(learned.seconds / files, 1),
    }
    first, n = learned.snapshot, learned.plan.number
    return [
        *rows(name, first, first, 1, None, "none"),
        *rows(name, learned.average, first, n, extra, "none"),
        *rows(name, learned.joined, first, n, extra, "joined"),
        *rows(name, learned.alone, first, n, extra, "alone"),
    ]


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Which line of the table a row is of."""
    extra = row["extra_simulation"]
    time = None if extra is None else extra["time"]
    return row["model"], row["states"], time, row["displacements"], row["type"]


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
        "--states", default="9,17,17:640,33:1280", help="NUMBER or NUMBER:TIME, with commas"
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
    models = [] if asked.ridge_alone else [(MODEL, eg.load_model(MODEL))]
    if asked.ridge is not None:
        models.append(("descriptors", eg.load_model(asked.ridge)))
    # Rows of other models and states stay, of these files.
    found = read_json(asked.out)["rows"] if asked.out.is_file() else []
    files = {Path(c.source).name for c in data}
    assert all(set(row["per_configuration"]) == files for row in found), "rows of other files"
    for name, model in models:
        complete = prepared(model, data, how)
        for text in asked.states.split(","):
            learned = learn_displacements(model, complete, how, plan(text), asked.data.name)
            scores = learned.snapshot.scores[0].per_configuration
            for c, rho in zip(complete, scores, strict=True):
                recorded = recorded_rho(model, c.source)["A", model.times[0]]
                # The member is the one that did not see it.
                assert abs(rho - recorded) < 0.005, (c.source, rho, recorded)
            new = rows_of(name, learned)
            found = [row for row in found if key_of(row) not in set(map(key_of, new))] + new
            write_json(asked.out, {"model": MODEL, "rows": found})
            print(name, text, [round(r["rho"], 4) for r in new], flush=True)


if __name__ == "__main__":
    main()
