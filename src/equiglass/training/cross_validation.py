"""Cross-validation: every configuration is held out once, whole."""

from __future__ import annotations

import json
import os
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import read
from ..data.splits import folds
from ..errors import InputError
from ..models.propensity import ModelCard, average
from ..models.storage import load_model
from ..pool import open_pool
from ..progress import track
from ..simulation.complete import complete
from .config import TrainConfig

RESULT = "fold.json"


def cross_validate(
    config: TrainConfig,
    folder: str | os.PathLike[str],
    *,
    n_folds: int = 5,
    n_processes: int = 1,
    cache: Path | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Train once per fold and evaluate on the configurations it did not see.

    The last epoch of each training is evaluated; held-out configurations are used for nothing
    else. Finished folds are kept, unfinished ones resumed, when the call is repeated. At the end
    the networks of all folds are averaged into one model, whose members have seen all the data
    between them; the scores are those of single members on what they have not seen.

    Parameters
    ----------
    folder
        Gets one run folder per fold, ``cross_validation.json`` and the averaged ``model``.
    n_processes
        Folds that are trained at the same time; they share the threads of this process.

    Returns
    -------
    Per type and time: mean over configurations of the Pearson correlation, its standard deviation,
    the value of each configuration and the noise ceiling.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    dataset = read(config.data.path)
    own = dataset.splits.get("train", dataset)
    n = len(folds(own, n_folds, config.seed))
    blind = config.data.model_copy(update={"validation_fraction": 0.0})
    settings = config.model_copy(update={"data": blind})
    import torch

    threads = max(1, torch.get_num_threads() // n_processes)
    todo = [k for k in range(n) if not (target / f"fold{k}" / RESULT).is_file()]
    with (
        open_pool(n_processes) as pool,
        track("folds", len(todo), enabled=progress) as advance,
    ):
        futures = [
            pool.submit(_fold, settings, target / f"fold{k}", n_folds, k, threads, cache)
            for k in todo
        ]
        for future in as_completed(futures):
            future.result()
            advance()
    summary = _summary([json.loads((target / f"fold{k}" / RESULT).read_text()) for k in range(n)])
    (target / "cross_validation.json").write_text(json.dumps(summary, indent=2) + "\n")
    card = ModelCard(
        target.name,
        str(config.data.path),
        {"cross_validation": summary},
        {"training": settings.model_dump(mode="json"), "members": "one for each fold"},
    )
    average([load_model(target / f"fold{k}") for k in range(n)], card).save(target / "model")
    return summary


def _fold(
    config: TrainConfig, run: Path, n_folds: int, k: int, threads: int, cache: Path | None
) -> None:
    import torch

    from ..evaluation.score import score
    from .folder import CONFIG
    from .run import train

    torch.set_num_threads(threads)
    dataset = read(config.data.path)
    training, held_out = folds(dataset.splits.get("train", dataset), n_folds, config.seed)[k]
    model = train(
        config,
        run,
        data=training,
        resume=(run / CONFIG).is_file(),
        cache=cache,
        progress=False,
    )
    configurations = complete(
        list(held_out), config.model.inputs.required_fields, cache=cache, progress=False
    )
    result = score(
        model.predict, model.times, configurations, model=run.name, data=dataset.source
    ).as_dict()
    result["held_out"] = [Path(entry.name).name for entry in held_out.entries]
    (run / RESULT).write_text(json.dumps(result, indent=2) + "\n")


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    if not results:
        raise InputError("no fold was trained")
    rows = []
    for k, first in enumerate(results[0]["pearson"]):
        per_fold = [r["pearson"][k] for r in results]
        values = [v for row in per_fold for v in row["per_configuration"]]
        ceilings = [row["ceiling"] for row in per_fold]
        rows.append(
            {
                "type": first["type"],
                "time": first["time"],
                "mean": float(np.mean(values)),
                "std": float(np.std(values, ddof=1)),
                "pooled_mean": float(np.mean([row["pooled"] for row in per_fold])),
                "ceiling": None if None in ceilings else float(np.mean(ceilings)),
                "folds": [
                    dict(zip(r["held_out"], row["per_configuration"], strict=True))
                    for r, row in zip(results, per_fold, strict=True)
                ],
            }
        )
    return {"n_folds": len(results), "pearson": rows}
