"""The one progress bar, on standard error so that standard output stays machine-readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def track(label: str, total: int, *, enabled: bool = True) -> Iterator[Callable[[], None]]:
    """Show a bar of ``total`` steps; yields the function that advances it by one."""
    if not enabled or total == 0:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from .terminal import Terminal

    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Terminal(stderr=True),
    ) as progress:
        task = progress.add_task(label, total=total)
        yield lambda: progress.advance(task)
