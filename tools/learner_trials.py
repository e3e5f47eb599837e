"""Trainings of one fold of the public files with options of the learner, side by side.

    python tools/learner_trials.py DATA WORK [--seed 0] [--fold 1] [--cache FOLDER] [VARIANT ...]

Each has the settings, steps and data of `ka3d_t044` but for what its name says, and is scored on
the two files that the fold holds out, from the snapshot alone and averaged over states. WORK keeps
run folders: what is stopped goes on, finished ones are not trained again. Rows are added to
docs/results/learner_trials.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import Any

from pages import RESULTS

import equiglass as eg
from equiglass.commands.averaging import Averaged
from equiglass.commands.models import Watch
from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, as_dataset
from equiglass.data.splits import folds
from equiglass.evaluation.score import score
from equiglass.models.members import member_of
from equiglass.models.over_states import states_of
from equiglass.models.prepared import prepared
from equiglass.simulation.preparation import Preparation, preparation
from equiglass.simulation.states import States
from equiglass.training.config import TrainConfig, load_config
from equiglass.training.prepare import training_part
from equiglass.training.run import train
from equiglass.training.sources import open_data
from equiglass.written import read_json, write_json

OUT = RESULTS / "learner_trials.json"
SCORED, SHOWN = States(17), States(9)  # of files held out, and of those learned from


@dataclass(frozen=True)
class Variant:
    """Settings that differ, and whether states of the training files are shown, too."""

    settings: dict[str, Any] = field(default_factory=dict)
    states: bool = False


# As published, with both energies as the packaged model.
EIGNN = {
    "kind": "eignn",
    "inputs": {
        "graph": "union", "energies": ["thermal", "inherent"], "displacements": ["inherent"],
    },
}  # fmt: skip

VARIANTS = {
    "as packaged": Variant(),
    "8 layers": Variant({"model": {"layers": 8}}),
    "l_max = 3": Variant({"model": {"l_max": 3}}),
    "thermal graph": Variant({"model": {"inputs": {"graph": "thermal"}}}),
    "weights averaged, .98": Variant({"optimizer": {"average": 0.98}}),
    "decoder of neighbours, dropout .3": Variant(
        {"model": {"decoder": "neighbours", "dropout": 0.3}}
    ),
    "EIGNN's network": Variant({"model": EIGNN}),
    # About as many steps and the same share of reversed trajectories.
    "eight states of each file": Variant(
        {"optimizer": {"epochs": 3}, "data": {"reversed_per_configuration": 27}}, states=True
    ),
}  # fmt: skip


def merged(base: Any, change: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    if change.get("kind", base.get("kind")) != base.get("kind"):
        return change  # a network of its own, with defaults of its own
    return {**base, **{k: merged(base.get(k), v) for k, v in change.items()}}


def settings(data: Path, variant: Variant, seed: int) -> TrainConfig:
    base = load_config("ka3d_t044").model_dump(mode="json")
    own = {"data": {"path": str(data)}, "seed": seed}
    return TrainConfig.model_validate(merged(merged(base, own), variant.settings))


@once
def with_states(training: Dataset, how: Preparation) -> Dataset:
    """The files and eight states of each, with the labels of the file."""
    reader = member_of(eg.load_model("ka3d_t044"), 0)
    files = [c.replace(end_positions=None) for c in training]
    complete = prepared(reader, files, how)
    added: list[Configuration] = []
    for c, found in zip(files, states_of(reader, complete, how, SHOWN), strict=True):
        labels = {"propensity": c.propensity, "times": c.times, "n_trajectories": c.n_trajectories}
        added += [state.replace(**labels) for state in found.states]
    return Dataset(training.source, training.entries + as_dataset(added).entries)


def trial(config: TrainConfig, variant: Variant, run: Path, fold: int, how: Preparation) -> Any:
    """Train one, and score it."""
    dataset = training_part(open_data(config).dataset)
    # The folds do not follow from the seed of the network.
    training, held_out = folds(dataset, 5, 0)[fold]
    shown = with_states(training, how) if variant.states else training
    began, resumed = time.process_time(), (run / "config.yaml").is_file()
    model = train(config, run, data=shown, progress=False, preparation=how, resume=resumed)
    seconds = time.process_time() - began
    files = [c.replace(end_positions=None) for c in held_out]
    complete = prepared(model, files, how)
    averaged = Averaged(Watch(model, strict=False), complete, how, SCORED)
    predicted = {id(c): averaged.predict(c) for c in complete}
    rows = []
    alone = {id(c): one.snapshot for c, one in zip(complete, averaged.found, strict=True)}
    for states, of in ((1, alone), (SCORED.number, predicted)):
        found = score(partial(of_one, of), model.times, complete, model="", data="")
        for s in found.scores:
            rhos = list(s.per_configuration)
            rows.append({"type": s.type, "time": s.time, "states": states, "rho": rhos})
    return {
        "parameters": model.n_parameters,
        "processor_seconds": None if resumed else round(seconds, 1),
        "held_out": names(files),
        "scores": rows,
    }


def of_one(predicted: dict[int, Any], c: Configuration) -> Any:
    """The prediction of a configuration that was made before."""
    return predicted[id(c)]


def names(files: Sequence[Configuration]) -> list[str]:
    return [Path(c.source).name for c in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fold", type=int, default=1)
    parser.add_argument("--cache", type=Path)
    asked = parser.parse_args()
    how = preparation(cache=asked.cache)
    for name in asked.variants:
        key = f"{name}; fold {asked.fold}, seed {asked.seed}"
        if OUT.is_file() and key in read_json(OUT):
            continue
        variant = VARIANTS[name]
        config = settings(asked.data, variant, asked.seed)
        run = asked.work / "".join(c if c.isalnum() else "_" for c in key)
        row = trial(config, variant, run, asked.fold, how)
        write_json(OUT, {**(read_json(OUT) if OUT.is_file() else {}), key: row})
        print(key, row, flush=True)


if __name__ == "__main__":
    main()
