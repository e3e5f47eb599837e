"""Cross-validation: every configuration is held out once, whole."""

from __future__ import annotations

import os
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.grids import on_grid
from ..data.splits import folds
from ..errors import InputError
from ..evaluation.correlation import mean_and_std
from ..evaluation.scored import correlation
from ..locks import only_writer
from ..models.averaging import average
from ..models.held_out import names_in_record
from ..models.kept import descriptors_kept
from ..models.registry import network_class
from ..models.storage import restore
from ..pool import open_pool
from ..progress import track
from ..simulation.preparation import Preparation
from ..written import make_folder, read_json, write_json
from ..yaml_config import parse_mapping
from . import potential
from .config import TrainConfig
from .folder import (
    CONFIG,
    LEFT_OVER,
    STRUCTURES,
    check_penalties,
    check_potential,
    check_settings,
    check_weighting,
    save_model,
)
from .global_state import left_as_found
from .material import GIGABYTE, load_data, spill_folder
from .prepare import training_part
from .sources import gap_of, open_data

RESULT, SETTINGS = "fold.json", "settings.json"


@only_writer("folder")
def cross_validate(
    config: TrainConfig,
    folder: str | os.PathLike[str],
    *,
    n_folds: int = 5,
    n_processes: int = 1,
    preparation: Preparation | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Train once per fold and evaluate on the configurations it did not see.

    The last epoch of each training is evaluated; held-out configurations are used for nothing
    else. Finished folds are kept, unfinished ones resumed, when the call is repeated with the
    same settings, data and folds. At the end the networks of all folds are averaged into one
    model, whose members have seen all the data between them; the scores are those of single
    members on what they have not seen.

    Parameters
    ----------
    folder
        Gets one run folder per fold, ``settings.json``, ``cross_validation.json`` and the averaged
        ``model``.
    n_processes
        Folds that are trained at the same time, in processes of their own where there is more
        than one; they share the threads of this process. One process makes descriptors once for
        all folds, and keeps them in a quarter of the memory that is left, at most
        ``data.memory`` beside the data.
    preparation
        See :func:`~equiglass.training.run.train`.

    Returns
    -------
    Per type and time: mean over configurations of the Pearson correlation, its standard deviation,
    the value of each configuration and the noise ceiling; ``pooled`` over the particles of all
    configurations, each predicted by the network that had not seen it, and ``pooled_mean``, the
    mean over folds of what is pooled within each.

    Raises
    ------
    InputError
        If the folder holds folds of other settings, data, potential or number, or as ``train``.
    """
    import torch

    target = Path(folder)
    blind = config.data.model_copy(update={"validation_fraction": 0.0})
    settings = config.model_copy(update={"data": blind})
    begun = _begun(target, settings, n_folds)
    how = potential.asked(settings, preparation, begun, progress=progress)
    opened = open_data(settings)
    dataset = training_part(opened.dataset)
    n = len(folds(dataset, n_folds, settings.seed, gap_of(settings.data)))
    spilled = spill_folder(target)
    material = load_data(
        settings, dataset, dataset.take([]), folder=spilled, trajectories=opened.trajectories,
        potential=how.potential,
    )  # fmt: skip
    fields = settings.model.inputs.required_fields
    how = potential.settled(how, material.all, fields)
    settings = potential.recorded(settings, how)
    fingerprint, structures = (material.description[key] for key in ("fingerprint", STRUCTURES))
    if begun is None:
        make_folder(target)
        content = settings.model_dump(mode="json")
        record = {"folds": n_folds, "fingerprint": fingerprint, "settings": content}
        record[STRUCTURES] = structures
        write_json(target / SETTINGS, record)
    else:
        check_potential(begun, settings, target / SETTINGS)
        _check(target, "fingerprint", fingerprint, "data")
        if STRUCTURES in read_json(target / SETTINGS):
            _check(target, STRUCTURES, structures, "inherent structures or energies of the data")
    # Once, before the folds, each of which would do it for itself. Of reversed trajectories folds
    # that are solved draw their own, which may be few of all.
    chosen: list[int] | None = [] if network_class(settings.model).solved else None
    limit = settings.data.memory * GIGABYTE
    learned = material.completed(how, fields, limit, spilled, chosen).learned
    del material
    threads = max(1, torch.get_num_threads() // n_processes)
    how_alone = replace(how, n_processes=1) if n_processes > 1 else how
    todo = [k for k in range(n) if _result(target / f"fold{k}") is None]
    tasks = [(settings, target / f"fold{k}", n_folds, k, threads, how_alone) for k in todo]
    # Of one process; the averaged model then reads again what the folds have read.
    with descriptors_kept(limit):
        with track("folds", len(todo), enabled=progress) as advance:
            if n_processes == 1:
                for task in tasks:
                    _fold(*task)
                    advance()
            else:
                with open_pool(n_processes) as pool:
                    for future in as_completed([pool.submit(_fold, *task) for task in tasks]):
                        future.result()
                        advance()
        summary = _summary([read_json(target / f"fold{k}" / RESULT) for k in range(n)])
        write_json(target / "cross_validation.json", summary)
        members = [restore(target / f"fold{k}") for k in range(n)]
        save_model(
            average(members),
            target,
            settings,
            {"cross_validation": summary},
            {"members": "one for each fold"},
            preparation=how,
            learned=learned,
        )
    return summary


def _begun(target: Path, settings: TrainConfig, n_folds: int) -> TrainConfig | None:
    """The settings of the folds that are there, None if there are none.

    Raises
    ------
    InputError
        If they are others, or a ridge of a fold was solved otherwise.
    """
    file = target / SETTINGS
    if not file.is_file():
        if target.exists() and any(not f.name.endswith(LEFT_OVER) for f in target.iterdir()):
            raise InputError(
                "the folder is not empty and holds no cross-validation that could be continued",
                source=target,
                expected=SETTINGS,
            )
        return None
    content = read_json(file).get("settings")
    check_weighting(content, file)
    begun = parse_mapping(content, TrainConfig, source=str(file))
    check_settings(begun, settings, file)
    _check(target, "folds", n_folds, "number of folds")
    for k in range(n_folds):
        check_penalties(target / f"fold{k}")
    return begun


def _check(target: Path, key: str, now: object, what: str) -> None:
    file = target / SETTINGS
    begun = read_json(file).get(key)
    if begun != now:
        raise InputError(f"was begun with other {what}", source=file, expected=begun, found=now)


def _result(run: Path) -> dict[str, Any] | None:
    """The scores of a finished fold; one whose file cannot be read is scored again."""
    try:
        result = read_json(run / RESULT)
    except InputError:
        return None
    return result if {"pearson", "held_out"} <= set(result) else None


def _fold(
    config: TrainConfig, run: Path, n_folds: int, k: int, threads: int, preparation: Preparation
) -> None:
    import torch

    from ..evaluation.sampling import Sampling
    from ..evaluation.score import score
    from .run import train

    with left_as_found():
        torch.set_num_threads(threads)
        own = training_part(open_data(config).dataset)
        training, held_out = folds(own, n_folds, config.seed, gap_of(config.data))[k]
        model = train(
            config,
            run,
            data=training,
            resume=(run / CONFIG).is_file(),
            preparation=preparation,
            progress=False,
        )
        labels = [
            model.target.of(e.load(), example=e.example, potential=preparation.potential)
            for e in held_out.entries
        ]
        configurations = preparation.complete(labels, config.model.inputs.required_fields)
        configurations = [on_grid(c, model.times) for c in configurations]
        found = score(
            model.predict, model.times, configurations, model=run.name, data=own.source,
            sampling=Sampling.of(configurations, held_out.entries), target=model.card.target,
        )  # fmt: skip
    result = found.as_dict()
    for row, one in zip(result["pearson"], found.scores, strict=True):
        row["moments"] = list(one.moments)
    sources = [entry.name for entry in own.entries]
    names = dict(zip(sources, names_in_record(sources), strict=True))
    result["held_out"] = [names[entry.name] for entry in held_out.entries]
    write_json(run / RESULT, result)


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    rows = []
    for k, first in enumerate(results[0]["pearson"]):
        per_fold = [r["pearson"][k] for r in results]
        values = [
            np.nan if v is None else float(v) for row in per_fold for v in row["per_configuration"]
        ]
        mean, std = mean_and_std(values)
        # Of folds that an earlier version scored, the sums are not known.
        sums = [row.get("moments") for row in per_fold]
        together = float("nan") if None in sums else correlation(np.sum(sums, axis=0))
        pooled = [np.nan if row["pooled"] is None else row["pooled"] for row in per_fold]
        ceilings = [row["ceiling"] for row in per_fold]
        rows.append(
            {
                "type": first["type"],
                "time": first["time"],
                "mean": mean,
                "std": std,
                "pooled": together if np.isfinite(together) else None,
                "pooled_mean": mean_and_std(pooled)[0],
                "ceiling": None if None in ceilings else float(np.mean(ceilings)),
                "folds": [
                    dict(zip(r["held_out"], row["per_configuration"], strict=True))
                    for r, row in zip(results, per_fold, strict=True)
                ],
            }
        )
    return {"n_folds": len(results), "pearson": rows}
