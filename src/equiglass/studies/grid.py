"""A grid of trainings: each variant in a folder of its own, resumable, in parallel."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluation.correlation import mean_and_std
from ..evaluation.score import Evaluation
from ..pool import open_pool
from ..progress import track

RESULT = "result.json"
COLUMNS = (
    "variant",
    "parameters",
    "seconds",
    "data",
    "type",
    "time",
    "rho",
    "rho_std",
    "pooled",
    "ceiling",
    "n_configurations",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """One cell of a study: a name, and what to run for it.

    ``task`` is a function of the module level, called with the run folder and ``arguments`` in a
    process of its own; it returns the rows of the study's table.
    """

    name: str
    task: Callable[..., list[Row]]
    arguments: tuple[Any, ...]


def rows_of(
    evaluation: Evaluation,
    *,
    variant: str,
    data: str,
    parameters: int | None,
    seconds: float | None,
) -> list[Row]:
    """Rows of the table, one for each (type, time)."""
    rows = []
    for s in evaluation.scores:
        mean, std = mean_and_std(list(s.per_configuration))
        values = (
            variant, parameters, seconds, data, s.type, s.time, mean, std, s.pooled, s.ceiling,
            len(s.per_configuration),
        )  # fmt: skip
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def run_grid(
    variants: Sequence[Variant],
    folder: Path,
    *,
    n_processes: int = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> list[Row]:
    """Run every variant that is not finished; returns the rows of all, in order.

    Each variant's rows are kept in ``FOLDER/NAME/result.json``, the whole table in
    ``FOLDER/study.csv`` and ``study.json``. Repeating the call continues what was stopped.
    ``scheduler`` is that of :func:`equiglass.pool.open_pool`.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    # Workers of a cluster keep the number of threads that they were started with.
    threads = max(1, torch.get_num_threads() // n_processes) if scheduler is None else None
    todo = [v for v in variants if not (folder / v.name / RESULT).is_file()]
    with (
        open_pool(n_processes, scheduler) as pool,
        track("study", len(todo), enabled=progress) as advance,
    ):
        futures = [pool.submit(_run, v, (folder / v.name).resolve(), threads) for v in todo]
        for future in as_completed(futures):
            future.result()
            advance()
    rows = [row for v in variants for row in json.loads((folder / v.name / RESULT).read_text())]
    (folder / "study.json").write_text(json.dumps(rows, indent=1) + "\n")
    with (folder / "study.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _run(variant: Variant, run: Path, threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    run.mkdir(parents=True, exist_ok=True)
    rows = variant.task(run, *variant.arguments)
    partial = run / f".{RESULT}.tmp"
    partial.write_text(json.dumps(rows, indent=1))
    partial.replace(run / RESULT)
