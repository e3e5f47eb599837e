"""How commands end that do not end well: one line, and an exit status that says which."""

from __future__ import annotations

import functools
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TextIO

import typer

from ..errors import AssumptionWarning, InputError
from ..written import DISK_ERRORS
from .saying import echo

INPUT, INTERRUPTED, TERMINATED = 2, 130, 143
FRAMES = (
    "no result was written; quenches, and of several frames those that are done, are kept, and the "
    "same command goes on"
)
# What a stopped command leaves, and how to go on.
KEPT = {
    "train": "quenches and finished epochs are kept; the same command goes on, with --resume once "
    "the run folder is there, and equiglass evaluate RUN takes the best epoch so far",
    "cross-validate": "finished folds and epochs are kept; the same command goes on",
    "study": "finished variants are kept; the same command goes on",
    "simulate": "finished blocks and trajectories are kept; the same command goes on",
    "quench": "configurations that are done are in the store or beside the file; the same command "
    "goes on",
    "predict": FRAMES,
    "represent": FRAMES,
    "quickstart": "finished epochs are kept; the same command goes on",
    "fetch": "what came is kept; the same command goes on",
    "convert": "nothing was written",
    "info": "nothing was written",
}
QUENCHES = "no result was written; quenches that are done are kept in the cache"


class Terminated(KeyboardInterrupt):
    """SIGTERM: what has to be put in order is, as after Ctrl-C."""


@contextmanager
def in_one_line(command: str) -> Iterator[None]:
    """Turn what can go wrong outside of the program into one line and an exit status.

    Bad input and files that cannot be read or written end with 2, Ctrl-C with 130, SIGTERM with
    143. What is left is a bug, and keeps its traceback.
    """
    with _signals() as asked:
        try:
            with warnings.catch_warnings():
                _print_notes()
                yield
        except KeyboardInterrupt as error:
            _stopped(command, error)
        except BaseException as error:
            # Libraries in C, and those that leave by exit(), make another error of an interrupt.
            if asked:
                _stopped(command, asked[0])
            if isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt):
                _stopped(command, error.__context__)
            _failed(error)


def _failed(error: BaseException) -> NoReturn:
    """End with a line for what can go wrong outside of the program; raise again what is a bug."""
    if isinstance(error, InputError):
        _end(f"error: {error}", INPUT)
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        place = "" if error.filename is None else f"{error.filename}: "
        doing = "cannot be written: " if error.errno in DISK_ERRORS else ""
        # Of one that says nothing, such as the end of a wait, its kind.
        reason = " ".join(str(error.strerror or error).split()) or type(error).__name__
        _end(f"error: {place}{doing}{reason}", INPUT)
    if isinstance(error, MemoryError):
        _end(f"error: not enough memory{f': {error}' if str(error) else ''}", INPUT)
    if type(error).__name__ == "OutOfMemoryError":  # PyTorch's, without importing it
        _end(f"error: not enough memory on the device: {str(error).splitlines()[0]}", INPUT)
    raise error


@contextmanager
def _signals() -> Iterator[list[KeyboardInterrupt]]:
    """Let SIGTERM stop as Ctrl-C does; yields what was asked for, whatever becomes of it."""
    asked: list[KeyboardInterrupt] = []

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(Terminated() if number == signal.SIGTERM else KeyboardInterrupt())
        raise asked[-1]

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, stop)}
    # Not where it is ignored, as for what runs in the background.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, stop)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_notes() -> None:
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, AssumptionWarning):
            echo(f"note: {' '.join(str(message).split())}", fg="yellow", err=True)
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = show
    warnings.simplefilter("always", AssumptionWarning)


def _stopped(command: str, error: BaseException) -> NoReturn:
    # Zarr works in coroutines; that one of them did not come to its turn needs no word of its own.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    terminated = isinstance(error, Terminated)
    how = "terminated" if terminated else "stopped"
    kept = KEPT.get(command, QUENCHES)
    _end(f"{how}: {kept}", TERMINATED if terminated else INTERRUPTED, color="yellow")


class Ended(typer.Exit):
    """The end of a command that has said why."""


def _end(text: str, status: int, color: str = "red") -> NoReturn:
    echo(text, fg=color, err=True)
    raise Ended(status)


def ending_well(command: Callable[..., None]) -> Callable[..., None]:
    """The command, inside of :func:`in_one_line`."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        with in_one_line(command.__name__.replace("_", "-")):
            command(*arguments, **options)

    return run


def ignore_broken_pipe() -> None:
    """Go on quietly when the reader of standard output, such as head, has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
