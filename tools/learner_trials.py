"""Short trainings of one fold of the public files with options of the learner, side by side.

python tools/learner_trials.py DATA OUT.json WORK [--seed 0] [--fold 0] [VARIANT ...]

Every variant has the processor time of the plain network or its number of steps, as its name says;
WORK keeps run folders, finished ones are not trained again. The scores are of the two files that
the fold holds out, by the last epoch: of one fold and one seed, they decide nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import equiglass as eg
from equiglass.data.splits import folds
from equiglass.simulation.preparation import preparation
from equiglass.training.config import TrainConfig, load_config
from equiglass.training.prepare import training_part
from equiglass.training.run import train
from equiglass.training.sources import open_data
from equiglass.written import read_json, write_json

# Epochs are of 8 files, 8 steps, without their end states, whose quenches take longer than this.
STEPS = 8
PLAIN: dict[str, Any] = {"model": {"channels": 8}, "optimizer": {"epochs": 40}}
UNION = {"inputs": {"graph": "union"}}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "thermal graph": {"model": {"inputs": {"graph": "thermal"}}},
    "average .98": {"optimizer": {"average": 0.98}},
    "neighbours, dropout .3": {"model": {"decoder": "neighbours", "dropout": 0.3}},
    "dropout .3": {"model": {"dropout": 0.3}},
    "union, same time": {"model": UNION, "optimizer": {"epochs": 12}},
    "union, same steps": {"model": UNION},
}


def merged(base: Any, change: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    return {**base, **{k: merged(base.get(k), v) for k, v in change.items()}}


def settings(data: Path, variant: str, seed: int) -> TrainConfig:
    base = load_config("ka3d_t044").model_dump(mode="json")
    own = {"data": {"path": str(data), "reversed_per_configuration": 0}, "seed": seed}
    for change in (own, PLAIN, VARIANTS[variant]):
        base = merged(base, change)
    return TrainConfig.model_validate(base)


def trial(config: TrainConfig, run: Path, fold: int, cache: Path | None) -> dict[str, Any]:
    dataset = training_part(open_data(config).dataset)
    # The folds do not follow from the seed of the network.
    training, held_out = folds(dataset, 5, 0)[fold]
    began = time.process_time()
    model = train(
        config, run, data=training, progress=False, preparation=preparation(cache=cache),
        resume=(run / "config.yaml").is_file(),
    )  # fmt: skip
    seconds = time.process_time() - began
    found = eg.evaluate(model, held_out, cache=cache)
    rows = [
        {"type": s.type, "time": s.time, "rho": list(s.per_configuration)} for s in found.scores
    ]
    return {
        "epochs": config.optimizer.epochs,
        "steps": STEPS * config.optimizer.epochs,
        "parameters": model.n_parameters,
        "processor_seconds": round(seconds, 1),
        "held_out": [Path(c.source).name for c in found.configurations],
        "scores": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fold", type=int, default=0)
    asked = parser.parse_args()
    cache = Path(os.environ["EQUIGLASS_CACHE"]) if "EQUIGLASS_CACHE" in os.environ else None
    found = read_json(asked.out) if asked.out.is_file() else {}
    for variant in asked.variants:
        key = f"{variant}; fold {asked.fold}, seed {asked.seed}"
        if key in found:
            continue
        config = settings(asked.data, variant, asked.seed)
        run = asked.work / key.replace(" ", "_").replace(";", "").replace(",", "")
        found[key] = trial(config, run, asked.fold, cache)
        write_json(asked.out, found)
        print(key, found[key], flush=True)


if __name__ == "__main__":
    main()
