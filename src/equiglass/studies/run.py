"""``equiglass study``: plan, run, draw."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from ..training.config import TrainConfig
from .definitions import STUDIES
from .grid import Row, run_grid

QUICK_EPOCHS = 2


def study(
    kind: str,
    config: TrainConfig,
    folder: str | os.PathLike[str],
    *,
    quick: bool = False,
    n_processes: int = 1,
    scheduler: str | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> list[Row]:
    """Run one of the studies; the table and figure are in ``folder``.

    Parameters
    ----------
    kind
        ``inputs``, ``depth``, ``size``, ``temperature`` or ``transfer``.
    config
        The training that the study varies; its data set needs the splits train, validation, test.
    quick
        A few variants and epochs, to see that everything runs.
    n_processes, scheduler
        Where variants are trained: processes of this machine, or the workers of a Dask scheduler.

    Raises
    ------
    InputError
        If the data set does not suit the study, or the folder holds another one.
    """
    if kind not in STUDIES:
        raise InputError("no such study", field="kind", expected=sorted(STUDIES), found=kind)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    if quick:
        optimizer = config.optimizer.model_copy(update={"epochs": QUICK_EPOCHS})
        config = config.model_copy(update={"optimizer": optimizer})
    record = f"{kind}\n{config.model_dump_json(indent=1)}\n"
    file = target / "study.txt"
    if file.is_file() and file.read_text() != record:
        raise InputError("holds another study, or other settings", source=target)
    rows: list[Row] = []
    stages = STUDIES[kind](config, target, quick, cache)
    file.write_text(record)
    for stage in stages:
        rows = run_grid(
            stage, target, n_processes=n_processes, scheduler=scheduler, progress=progress
        )
    from ..reporting.figures import save
    from ..reporting.studies import study_figure

    save(study_figure(kind, rows), target / "study.png")
    return rows
