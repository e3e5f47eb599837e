"""Reading inputs in processes that may hang, crash or run out of memory, and counting that."""

from __future__ import annotations

import gc
import mmap
import os
import resource
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from .target import OUTCOMES, Target

# Of processor time, so that other work on the machine counts for nothing; and by the clock.
SECONDS, HARD_SECONDS = 3.0, 60.0
MEMORY = 1 << 30  # bytes beyond those of the process when it starts
KEPT = 5  # findings of one outcome
FAULTS = OUTCOMES[2:]


class _TooLongError(BaseException):
    """Not an Exception, which a reader might turn into an error of its own."""


@dataclass
class Finding:
    """One input that did not end as it should."""

    outcome: str
    number: int
    reason: str
    content: bytes


@dataclass
class Result:
    """How some inputs of a target ended."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        """Inputs that were neither read nor refused in one line."""
        return sum(self.counts[outcome] for outcome in FAULTS)


def run(target: Target, seed: int, start: int, stop: int) -> Result:
    """Read inputs ``start`` to ``stop`` in a process, and in another when that dies."""
    result = Result()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=_tmpfs()))
    # Counts of outcomes, then the input at work and how many have begun.
    shared = mmap.mmap(-1, 8 * (len(OUTCOMES) + 1))
    table: NDArray[np.int64] = np.frombuffer(shared, np.int64)
    kinds = dict.fromkeys(FAULTS, 0)
    try:
        number = start
        while number < stop:
            table[-1] = number
            pid = os.fork()
            if pid == 0:
                _work(target, seed, number, stop, folder, table)
            how = _wait(pid, table)
            number = int(table[-1])
            if how is not None:
                _report(folder, how, number, f"the process ended: {how}")
                table[OUTCOMES.index(how)] += 1
                number += 1
        for note in sorted(folder.glob("finding-*")):
            _, outcome, place = note.name.split("-")
            if kinds[outcome] < KEPT:
                kinds[outcome] += 1
                content, _ = target.make(seed, int(place))
                result.findings.append(Finding(outcome, int(place), note.read_text(), content))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result.counts = {outcome: int(table[k]) for k, outcome in enumerate(OUTCOMES)}
    result.seconds = time.monotonic() - began
    return result


def guarded(judge: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """An outcome, or that it took longer than it may."""
    before = signal.signal(signal.SIGPROF, _alarm)
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            return judge()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except _TooLongError:
        return "hang", f"longer than {SECONDS:g} s"
    finally:
        signal.signal(signal.SIGPROF, before)


def _alarm(number: int, frame: FrameType | None) -> None:
    raise _TooLongError


def _tmpfs() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _report(folder: Path, outcome: str, number: int, reason: str) -> None:
    if len(list(folder.glob(f"finding-{outcome}-*"))) < KEPT:
        (folder / f"finding-{outcome}-{number}").write_text(reason, errors="replace")


def _work(
    target: Target, seed: int, start: int, stop: int, folder: Path, table: NDArray[np.int64]
) -> None:
    status = 1
    try:
        gc.freeze()
        warnings.simplefilter("ignore")
        # What a reader prints belongs to nobody.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        own = folder / "input"
        own.mkdir(exist_ok=True)
        path = own / target.file
        for number in range(start, stop):
            table[-1] = number
            content, by_bytes = target.make(seed, number)
            outcome, reason = guarded(lambda c=content, b=by_bytes: target.judge(path, c, b))  # type: ignore[misc]
            table[OUTCOMES.index(outcome)] += 1
            if outcome in FAULTS:
                _report(folder, outcome, number, reason)
        table[-1] = stop
        status = 0
    finally:
        os._exit(status)


def _wait(pid: int, table: NDArray[np.int64]) -> str | None:
    """None if the process finished, else how its present input ended it."""
    at, since = -1, time.monotonic()
    pause = 0.001
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return None if status == 0 else "crash"
        now = time.monotonic()
        if int(table[-1]) != at:
            at, since = int(table[-1]), now
        elif now - since > HARD_SECONDS:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "hang"
        time.sleep(pause)
        pause = min(0.2, 1.5 * pause)
