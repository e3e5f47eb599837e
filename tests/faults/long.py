"""Faults at length: every command that writes; many changes that fail, signals and races.

python -m tests.faults.long [--each N] [--out FILE] [COMMAND ...]       (or: make faults)

The table has, for each command and kind of fault, how many there were and how each ended; what went
wrong is written out. It is written after each command, so that a stopped run goes on: what is in
it with the same number and seed is not done again.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from equiglass import __version__
from equiglass.written import write_json

from .cases import cases, make_inputs, publisher
from .harness import Case, Server, compiled, injected, killed, raced, run, undisturbed

# Those that start processes take ten times as long.
SHARE_WITH_WORKERS = 0.2
SIGNALS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}
Outcome = tuple[str, str | None]


def attack(server: Server, case: Case, place: Path, each: int, seed: int) -> dict[str, Any]:
    """Every kind of fault for one command; counts of outcomes by kind, and what went wrong."""
    rng = random.Random(f"{seed} {case.name}")
    reference, changes, seconds = undisturbed(server, case, place)
    n = max(2, round(each * SHARE_WITH_WORKERS)) if case.workers else each
    todo: list[tuple[str, str, Callable[[], Outcome]]] = []
    for fault in ("ENOSPC", "EIO"):
        chosen = sorted(rng.sample(range(1, changes + 1), min(n, changes)))
        for k, at in enumerate(chosen):
            # Taking an interpreter apart takes seconds; what is said then is of every tenth.
            end = "whole" if k % 10 == 0 else ""
            todo.append(
                (
                    fault,
                    f"change {at} of {changes}",
                    lambda fault=fault, at=at, end=end: injected(  # type: ignore[misc]
                        server, case, place, reference, fault=fault, at=at, end=end
                    ),
                )
            )
    for name, number in SIGNALS.items():
        for _ in range(max(2, n // 3)):
            after = rng.uniform(0.05, 1.0) * seconds
            todo.append(
                (
                    name,
                    f"after {after:.3f} of {seconds:.3f} s",
                    lambda number=number, after=after: killed(  # type: ignore[misc]
                        server, case, place, reference, number=number, after=after
                    ),
                )
            )
    for _ in range(max(2, n // 6)):
        delay = rng.uniform(0.0, 0.5) * seconds
        todo.append(
            (
                "race",
                f"second after {delay:.3f} s",
                lambda delay=delay: raced(server, case, place, reference, delay=delay),  # type: ignore[misc]
            )
        )
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for kind, where, fault_of in todo:
        try:
            outcome, problem = fault_of()
        except Exception as error:  # of the digest: an output that looks whole and is not
            outcome, problem = "damaged", f"{type(error).__name__}: {error}"
        counts.setdefault(kind, Counter())["wrong" if problem else outcome] += 1
        if problem:
            wrong.append({"fault": kind, "where": where, "problem": problem[-800:]})
            print(f"{case.name}: {kind}, {where}: {problem}", flush=True)
    return {
        "changes": changes,
        "faults": {kind: dict(sorted(found.items())) for kind, found in counts.items()},
        "wrong": wrong,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--each", type=int, default=12, help="faults of each kind and command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/results/faults.json"))
    parser.add_argument("commands", nargs="*")
    options = parser.parse_args()
    begun = {"version": __version__, "seed": options.seed}
    table: dict[str, Any] = {**begun, "commands": {}}
    if options.out.is_file():
        before = json.loads(options.out.read_text())
        if {key: before.get(key) for key in begun} == begun:
            table = before
    torch.set_num_threads(1)
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="faults-", dir=memory if memory.is_dir() else None))
    try:
        inputs = place / "inputs"
        inputs.mkdir()
        make_inputs(inputs)
        library = compiled(place)
        if library is None:
            raise SystemExit("no compiler, or not Linux: writes cannot be made to fail")
        with publisher() as mirror, Server(library, {}) as server:
            first = cases(inputs)["train"]
            run(server, first.arguments(inputs), inputs)  # a finished run, for its report
            for name, case in cases(inputs, mirror).items():
                if (options.commands and name not in options.commands) or (
                    not options.commands and name in table["commands"]
                ):
                    continue
                clock = time.monotonic()
                table["commands"][name] = attack(server, case, place, options.each, options.seed)
                write_json(options.out, table)
                found = table["commands"][name]
                print(f"{name}: {found['faults']}, {time.monotonic() - clock:.0f} s", flush=True)
    finally:
        shutil.rmtree(place)
    if any(found["wrong"] for found in table["commands"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
