"""Give every reader hostile files for as long as wanted, and record how each of them ended.

python tools/fuzz.py [--scale 0.01] [--only NAME ...] [--seed 0] [--save]     (or: make fuzz)

A run adds to the figures of the record, docs/results/fuzz.json, until each reader has had the
inputs it is wanted to have, so that it can be stopped and gone on with, or made longer by --scale.
When the sources have changed, counting begins anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from fuzzing.target import OUTCOMES, Target
from fuzzing.targets import targets
from fuzzing.workers import SECONDS, Result, run
from pages import RESULTS, ROOT

RECORD = RESULTS / "fuzz.json"
FINDINGS = ROOT / "tests" / "fuzz" / "findings"
BATCH_SECONDS = 60.0
Record = dict[str, Any]


def source_hash() -> str:
    """What was fuzzed and by what: a hash over the sources of the package and of the harness."""
    digest = hashlib.sha256()
    for file in sorted([*ROOT.glob("src/equiglass/**/*.py"), *ROOT.glob("tools/fuzzing/*.py")]):
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def read_record(file: Path, seed: int) -> Record:
    """The record to go on with: the one that is there, if it is of these sources and this seed."""
    fresh: Record = {"source": source_hash(), "seed": seed, "seconds_per_input": SECONDS,
                     "readers": {}}  # fmt: skip
    if not file.is_file():
        return fresh
    record: Record = json.loads(file.read_text())
    same = record["source"] == fresh["source"] and record["seed"] == seed
    return record if same else fresh


def write_record(file: Path, record: Record) -> None:
    """Replace the record at once."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(record, indent=1) + "\n")
    partial.replace(file)


def added(row: Record, result: Result, inputs: int) -> Record:
    """A reader's row with the counts of another batch."""
    counts = {k: row.get(k, 0) + result.counts[k] for k in OUTCOMES}
    return {
        "inputs": row.get("inputs", 0) + inputs,
        **counts,
        "seconds": round(row.get("seconds", 0.0) + result.seconds, 1),
    }


def fuzz(target: Target, record: Record, file: Path, wanted: int, save: bool) -> None:
    """Run one reader until it has had as many inputs as wanted, in batches of a minute."""
    row = record["readers"].get(target.name, {"inputs": 0})
    batch = 200
    while row["inputs"] < wanted:
        start = row["inputs"]
        stop = min(wanted, start + batch)
        result = run(target, record["seed"], start, stop)
        row = record["readers"][target.name] = added(row, result, stop - start)
        write_record(file, record)
        for finding in result.findings:
            print(f"{target.name} #{finding.number}: {finding.outcome}: {finding.reason[:300]}")
            if save:
                FINDINGS.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256(finding.content).hexdigest()[:8]
                name = f"{target.name.replace(' ', '_')}-{finding.outcome}-{digest}"
                (FINDINGS / name).write_bytes(finding.content)
        rate = (stop - start) / max(result.seconds, 0.01)
        batch = max(200, min(50_000, int(rate * BATCH_SECONDS)))
    counts = ", ".join(f"{row.get(k, 0)} {k}" for k in OUTCOMES)
    seconds = max(row.get("seconds", 0), 0.1)
    print(
        f"{target.name}: {row['inputs']} inputs, {row['inputs'] / seconds:.0f}/s: {counts}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the wanted numbers of inputs")
    parser.add_argument("--only", nargs="*", help="readers, by name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", action="store_true", help="keep findings as regression files")
    parser.add_argument("--record", type=Path, default=RECORD)
    options = parser.parse_args()
    record = read_record(options.record, options.seed)
    began = time.monotonic()
    chosen = [targets()[name] for name in options.only or targets()]
    for target in chosen:
        wanted = int(target.wanted * options.scale)
        fuzz(target, record, options.record, wanted, options.save)
    rows = record["readers"].values()
    faults = sum(row[k] for row in rows for k in OUTCOMES[2:])
    print(f"{sum(r['inputs'] for r in rows)} inputs on record, {faults} faults, "
          f"{time.monotonic() - began:.0f} s now")  # fmt: skip
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
