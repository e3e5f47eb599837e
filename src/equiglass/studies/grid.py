"""A grid of cells: each in a folder of its own, resumable, in parallel."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from concurrent.futures import as_completed
from pathlib import Path

from ..errors import InputError
from ..pool import open_pool
from ..progress import track
from ..written import make_folder, write_text
from .base import Cell, Row
from .rates import TRIED
from .record import RESULT


def run_grid(
    cells: Sequence[Cell],
    folder: Path,
    *,
    n_processes: int = 1,
    scheduler: str | None = None,
    progress: bool = True,
) -> list[Row]:
    """Run every cell that is not finished; returns the rows of all, in order.

    One that is finished with fewer learning rates to choose from is run again.

    Each cell's rows are kept in ``FOLDER/VARIANT/result.json``. Repeating the call continues what
    was stopped. One process is this one; ``scheduler`` is that of :func:`equiglass.pool.open_pool`.
    """
    import torch

    from ..training.global_state import left_as_found

    # Workers of a cluster keep the number of threads that they were started with.
    threads = max(1, torch.get_num_threads() // n_processes) if scheduler is None else None
    todo = [cell for cell in cells if not _finished(folder / cell.variant, cell)]
    tasks = [(cell, (folder / cell.variant).resolve(), threads) for cell in todo]
    with track("study", len(todo), enabled=progress) as advance:
        if n_processes == 1 and scheduler is None:
            for task in tasks:
                with left_as_found():
                    _run(*task)
                advance()
        else:
            with open_pool(n_processes, scheduler) as pool:
                for future in as_completed([pool.submit(_run, *task) for task in tasks]):
                    future.result()
                    advance()
    return [row for cell in cells for row in read_rows(folder / cell.variant / RESULT)]


def read_rows(file: Path) -> list[Row]:
    """The rows of a table in JSON.

    Raises
    ------
    InputError
        If the file cannot be read, is cut off, or holds something else.
    """
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"damaged: {error}", source=file) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("damaged: no table", source=file)
    return rows


def _finished(folder: Path, cell: Cell) -> bool:
    """Whether its rows are there, can be read, and are of a choice among as many rates."""
    try:
        rows = read_rows(folder / RESULT)
    except InputError:
        return False
    return all(row.get(TRIED) == cell.columns.get(TRIED) for row in rows)


def write_table(rows: Sequence[Row], columns: Sequence[str], folder: Path) -> list[Row]:
    """The whole table, which is returned: ``study.csv`` and ``study.json``."""
    table = [{name: row.get(name) for name in columns} for row in rows]
    write_text(folder / "study.json", json.dumps(table, indent=1) + "\n")
    write_text(folder / "study.csv", write_csv(table, columns))
    return table


def write_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The text of a table; :func:`read_table` gives back the same numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_table(file: Path) -> list[Row]:
    """The rows of a ``study.csv``, with numbers as numbers."""
    with file.open(newline="") as lines:
        return [{name: _value(text) for name, text in row.items()} for row in csv.DictReader(lines)]


def _value(text: str) -> int | float | str | None:
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _run(cell: Cell, folder: Path, threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    make_folder(folder)
    rows = cell.task(folder, *cell.arguments)
    labelled = [{"variant": cell.variant, **cell.columns, **row} for row in rows]
    write_text(folder / RESULT, json.dumps(labelled, indent=1))
