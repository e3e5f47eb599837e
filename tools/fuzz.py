"""Give every reader hostile files for as long as wanted, and record how each of them ended.

python tools/fuzz.py [--scale 0.01] [--only NAME ...] [--seed 0] [--save]     (or: make fuzz)

A run adds to the figures of the record, docs/results/fuzz.json, until each reader has had the
inputs it is wanted to have, so that it can be stopped and gone on with, or made longer by --scale.
Readers take turns of a minute. When the sources of a reader have changed, or the harness, counting
begins anew for that reader; see fuzzing/sources.py. --status says which rows are of the present
ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fuzzing.sources import fingerprint, load
from fuzzing.target import OUTCOMES, Target
from fuzzing.targets import targets
from fuzzing.workers import SECONDS, Result, run
from pages import RESULTS, ROOT

RECORD = RESULTS / "fuzz.json"
FINDINGS = ROOT / "tests" / "fuzz" / "findings"
TURN_SECONDS = 60.0
Record = dict[str, Any]


def read_record(file: Path, seed: int) -> Record:
    """The record to go on with: the one that is there, if it is of this seed and limit."""
    fresh: Record = {"seed": seed, "seconds_per_input": SECONDS, "readers": {}}
    if not file.is_file():
        return fresh
    record: Record = json.loads(file.read_text())
    return record if all(record.get(k) == fresh[k] for k in fresh if k != "readers") else fresh


def present_row(target: Target, record: Record) -> Record:
    """The counts of a reader as it is now; none yet if its sources have changed."""
    source = fingerprint(target)
    row: Record = record["readers"].get(target.name, {})
    return row if row.get("source") == source else {"inputs": 0, "source": source}


def write_record(file: Path, record: Record) -> None:
    """Replace the record at once."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(record, indent=1) + "\n")
    partial.replace(file)


def added(row: Record, result: Result, inputs: int) -> Record:
    """A reader's row with the counts of another batch."""
    counts = {k: row.get(k, 0) + result.counts[k] for k in OUTCOMES}
    seconds = round(row.get("seconds", 0.0) + result.seconds, 1)
    return {"inputs": row["inputs"] + inputs, **counts, "seconds": seconds, "source": row["source"]}


def turn(target: Target, record: Record, file: Path, wanted: int, save: bool) -> bool:
    """Give a reader a minute's inputs, or those that are wanting; false if there are none."""
    row = present_row(target, record)
    start = row["inputs"]
    if start >= wanted:
        return False
    rate = start / max(row.get("seconds", 0.0), 0.01)
    stop = min(wanted, start + max(200, min(50_000, int(rate * TURN_SECONDS))))
    result = run(target, record["seed"], start, stop)
    record["readers"][target.name] = added(row, result, stop - start)
    write_record(file, record)
    for finding in result.findings:
        print(f"{target.name} #{finding.number}: {finding.outcome}: {finding.reason[:300]}")
        if save:
            FINDINGS.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256(finding.content).hexdigest()[:8]
            name = f"{target.name.replace(' ', '_')}-{finding.outcome}-{digest}"
            (FINDINGS / name).write_bytes(finding.content)
    sys.stdout.flush()
    return True


def status(chosen: Iterable[Target], record: Record) -> None:
    """Print the rows, and whether they are of the present sources."""
    for target in chosen:
        row = record["readers"].get(target.name, {})
        present = row.get("source") == fingerprint(target)
        counts = ", ".join(f"{row[k]} {k}" for k in OUTCOMES if row.get(k))
        words = "" if present else " (of other sources)"
        print(f"{target.name}: {row.get('inputs', 0)} of {target.wanted}{words}: {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the wanted numbers of inputs")
    parser.add_argument("--only", nargs="*", help="readers, by name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help="keep findings as regression files")
    parser.add_argument("--record", type=Path, default=RECORD)
    parser.add_argument("--status", action="store_true", help="say what is there, and end")
    options = parser.parse_args()
    record = read_record(options.record, options.seed)
    began = time.monotonic()
    chosen = [targets()[name] for name in options.only or targets()]
    if options.status:
        status(chosen, record)
        return
    # All that is read was loaded now: sources may be edited while this runs.
    for target in chosen:
        load(target)
    # Rows of earlier sources stay until theirs is begun.
    going = True
    while going:
        turns = [
            turn(t, record, options.record, int(t.wanted * options.scale), options.save)
            for t in chosen
        ]
        going = any(turns)
    status(chosen, record)
    rows = record["readers"].values()
    faults = sum(row[k] for row in rows for k in OUTCOMES[2:])
    print(f"{sum(r['inputs'] for r in rows)} inputs on record, {faults} faults, "
          f"{time.monotonic() - began:.0f} s now")  # fmt: skip
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
