"""The table of docs/trust.md, from the record of the last long run."""

from __future__ import annotations

import json

from pages import RESULTS, ROOT, Page

RECORD = RESULTS / "fuzz.json"
COLUMNS = {
    "inputs": "inputs",
    "accepted": "read",
    "refused": "clear error",
    "traceback": "traceback",
    "hang": "hang",
    "crash": "crash",
    "memory": "memory",
    "wrong": "wrong accepted",
}


def table() -> str:
    """One row for each reader, and how long it took."""
    record = json.loads(RECORD.read_text())
    lines = [
        f"| file | {' | '.join(COLUMNS.values())} | seconds | sources |",
        f"|:-|{'-:|' * (len(COLUMNS) + 1)}:-|",
    ]
    rows = record["readers"]
    total = {key: sum(row[key] for row in rows.values()) for key in (*COLUMNS, "seconds")}
    for name, row in {**rows, "all": {**total, "source": ""}}.items():
        numbers = " | ".join(f"{row[key]:,}" for key in COLUMNS)
        lines.append(f"| {name} | {numbers} | {row['seconds']:,.0f} | {row['source'][:8]} |")
    lines += [
        "",
        f"Seed {record['seed']}; at most "
        f"{record['seconds_per_input']:g} s of processor time and 1 GiB of memory for an input.",
    ]
    return "\n".join(lines)


PAGES = (Page(ROOT / "docs" / "trust.md", table, "fuzz"),)
