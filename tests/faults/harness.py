"""Faults for processes: writes that fail, signals, two at a time; and what has to hold afterwards.

After each the command ends with one line, and goes on to the result of an undisturbed run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.faults import sessions

HERE = Path(__file__).parent
LIMIT, NOT_ENDED = 300.0, -1000
REASONS = {"ENOSPC": "No space left on device", "EIO": "Input/output error"}
_BAR = re.compile(r"[━╸╺]|\d/\d[\d.]* |^\s*$|^note: |it/s|^(figure|page|quenching) ")  # no errors


@dataclass(frozen=True)
class Case:
    """A command, what it reads, and how its results are compared.

    Attributes
    ----------
    arguments
        Makes them from the folder for results.
    digest
        Of the results in that folder: something that is equal where they are.
    resume
        What is added to go on, where the same command is not enough, given the folder.
    repeats
        Whether the command runs again on its own result; else it refuses one that is there.
    workers
        Whether it starts processes.
    """

    name: str
    arguments: Callable[[Path], Sequence[object]]
    digest: Callable[[Path], object]
    resume: Callable[[Path], Sequence[object]] = lambda _: ()
    repeats: bool = True
    workers: bool = False


@dataclass
class Ended:
    """How a process ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    left: list[int] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """What it said on standard error, apart from notes and bars."""
        parts = re.split(r"[\r\n]+", self.stderr)
        return [line for line in parts if line and not _BAR.search(line)]


class Server:
    """Starts processes of ``equiglass`` quickly; see ``server.py``."""

    def __init__(self, library: Path, environment: dict[str, str]) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        own = {**dict.fromkeys(names, "1"), "LD_PRELOAD": str(library), "MPLBACKEND": "agg"}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **own, **environment},
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, **request: Any) -> dict[str, int]:
        """Send one request, take its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, int] = json.loads(self.process.stdout.readline())
        return answer


def compiled(folder: Path) -> Path | None:
    """The library that makes writes fail; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    library = folder / "preload.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", library, HERE / "preload.c", "-ldl"]
    subprocess.run(command, check=True)
    return library


def started(
    server: Server, arguments: Sequence[object], folder: Path, environment: dict[str, str]
) -> tuple[int, Path]:
    """The number of a new process, and where its output goes."""
    logs = folder.with_name(f"{folder.name}.log-{time.monotonic_ns()}")
    logs.mkdir(parents=True)
    answer = server.ask(
        arguments=[str(a) for a in arguments],
        environment=environment,
        folder=str(folder.parent),
        out=str(logs / "out"),
        err=str(logs / "err"),
    )
    while not (logs / "ready").exists() and sessions.runs(answer["pid"]):
        time.sleep(0.001)
    return answer["pid"], logs


def waited(server: Server, pid: int, logs: Path, begun: float, limit: float = LIMIT) -> Ended:
    """How a process ended, which must be within the limit; and who of its session is left."""
    while sessions.runs(pid):
        if time.monotonic() - begun > limit:
            os.kill(pid, signal.SIGKILL)
            server.ask(wait=pid)
            sessions.end(pid)
            return Ended(NOT_ENDED, "", "not ended within the limit", limit)
        time.sleep(0.002)
    status = server.ask(wait=pid)["status"]
    seconds = time.monotonic() - begun
    patience = time.monotonic() + 5
    while (left := sessions.members(pid)) and time.monotonic() < patience:
        time.sleep(0.02)
    sessions.end(pid)
    out, err = ((logs / name).read_text(errors="replace") for name in ("out", "err"))
    shutil.rmtree(logs)
    return Ended(status, out, err, seconds, left)


def run(
    server: Server,
    arguments: Sequence[object],
    folder: Path,
    *,
    fault: str = "ENOSPC",
    at: int = 0,
    kill: tuple[float, int] | None = None,
    end: str = "",
) -> tuple[Ended, int]:
    """Run a command; how it ended, and the number of changes below ``folder``.

    Parameters
    ----------
    at
        The change that fails, none for 0.
    kill
        Seconds after which a signal is sent, and which.
    end
        ``whole``, if the interpreter is to be taken apart at the end, see ``server.py``.
    """
    counter = folder.with_name(f"{folder.name}.counter")
    counter.parent.mkdir(parents=True, exist_ok=True)
    counter.write_bytes(bytes(8))
    environment = {
        "FAULT_FOLDER": str(folder.resolve()), "FAULT_COUNTER": str(counter),
        "FAULT_AT": str(at), "FAULT_ERROR": fault, "FAULT_END": end,
        "EQUIGLASS_CACHE": str(folder / "cache"), "TMPDIR": str(folder.parent),
    }  # fmt: skip
    pid, logs = started(server, arguments, folder, environment)
    begun = time.monotonic()
    if kill is not None:
        after, number = kill
        while time.monotonic() - begun < after and sessions.runs(pid):
            time.sleep(0.001)
        if sessions.runs(pid):
            os.kill(pid, number)
    return waited(server, pid, logs, begun), int.from_bytes(counter.read_bytes(), sys.byteorder)


@contextmanager
def scratch(place: Path, name: str) -> Iterator[Path]:
    """An empty folder for results, removed with everything beside it."""
    home = place / name
    shutil.rmtree(home, ignore_errors=True)
    folder = home / "results"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(home)


def undisturbed(server: Server, case: Case, place: Path) -> tuple[object, int, float]:
    """The result of a command that nothing disturbs, its number of changes, its seconds."""
    with scratch(place, f"{case.name}-whole") as folder:
        ended, changes = run(server, case.arguments(folder), folder)
        if ended.status != 0:
            raise RuntimeError(f"{case.name} fails without a fault: {ended.stderr}")
        return case.digest(folder), changes, ended.seconds


def aftermath(server: Server, case: Case, folder: Path, reference: object) -> str | None:
    """What is wrong after a fault; None if the same command then gives the right result."""
    if not case.repeats:
        try:
            if case.digest(folder) == reference:
                return None
        except Exception:
            pass  # not whole: then it must not be there, or the command goes on with it
    ended, _ = run(server, [*case.arguments(folder), *case.resume(folder)], folder)
    if ended.status != 0:
        return f"cannot be repeated: {ended.stderr[-600:]}"
    return None if case.digest(folder) == reference else "another result"


def injected(
    server: Server,
    case: Case,
    place: Path,
    reference: object,
    *,
    fault: str,
    at: int,
    end: str = "",
) -> tuple[str, str | None]:
    """Let a change fail; the outcome (named, unaffected) and what is wrong, if anything."""
    with scratch(place, f"{case.name}-{fault}-{at}") as folder:
        ended, _ = run(server, case.arguments(folder), folder, fault=fault, at=at, end=end)
        outcome = "unaffected" if ended.status == 0 else "named"
        if ended.left:
            return outcome, "processes are left"
        if ended.status == 0:
            return outcome, (None if case.digest(folder) == reference else "another result")
        lines = ended.lines
        # A worker's write fails in its own process; the line is the same.
        line = rf"error: \S*{re.escape(str(folder.parent))}\S*: .*{REASONS[fault]}"
        if ended.status != 2 or len(lines) != 1 or not re.match(line, lines[0]):
            return outcome, f"status {ended.status}: {ended.stderr[-1500:]}"
        return outcome, aftermath(server, case, folder, reference)


def killed(
    server: Server,
    case: Case,
    place: Path,
    reference: object,
    *,
    number: int,
    after: float,
    end: str = "",
) -> tuple[str, str | None]:
    """Send a signal after some seconds; the outcome (killed, finished) and what is wrong."""
    with scratch(place, f"{case.name}-signal-{number}") as folder:
        ended, _ = run(server, case.arguments(folder), folder, kill=(after, number), end=end)
        outcome = "finished" if ended.status == 0 else "killed"
        if ended.left:
            return outcome, "processes are left"
        if ended.status not in (0, -number, 128 + number):
            return outcome, f"status {ended.status}: {ended.stderr[-1500:]}"
        if ended.status == 128 + number and (
            len(ended.lines) != 1 or not re.match("terminated: |stopped: ", ended.lines[0])
        ):
            return outcome, f"not one line: {ended.stderr[-1500:]}"
        return outcome, aftermath(server, case, folder, reference)


def raced(
    server: Server, case: Case, place: Path, reference: object, *, delay: float
) -> tuple[str, str | None]:
    """Two of the same on one output; the outcome (both, one) and what is wrong."""
    with scratch(place, f"{case.name}-race") as folder:
        environment = {"EQUIGLASS_CACHE": str(folder / "cache"), "TMPDIR": str(folder.parent)}
        begun = time.monotonic()
        first = started(server, case.arguments(folder), folder, environment)
        time.sleep(delay)
        second = started(server, case.arguments(folder), folder, environment)
        ends = [waited(server, *process, begun) for process in (first, second)]
        refused = [e for e in ends if e.status != 0]
        outcome = f"{2 - len(refused)} of 2"
        for ended in refused:
            if ended.status != 2 or len(ended.lines) != 1:
                return outcome, f"status {ended.status}: {ended.stderr[-1500:]}"
        if len(refused) == 2:
            return outcome, f"both failed: {[e.stderr for e in refused]}"
        return outcome, (None if case.digest(folder) == reference else "another result")
