"""Write docs/results/faults.md from the last long run of the faults.

python tools/faults_page.py [--check]
"""

from __future__ import annotations

import json
from typing import Any

from pages import RESULTS, Page, run

KINDS = ("ENOSPC", "EIO", "kill -9", "SIGTERM", "Ctrl-C", "race")


def page() -> str:
    """The page."""
    result = json.loads((RESULTS / "faults.json").read_text())
    commands: dict[str, dict[str, Any]] = result["commands"]
    total = {kind: sum(_count(c, kind) for c in commands.values()) for kind in KINDS}
    wrong = sum(len(c["wrong"]) for c in commands.values())
    lines = [
        "# Faults",
        "",
        f"{len(commands)} commands that write, on small data, with faults: "
        f"{sum(total.values())} in all, "
        f"after {wrong} of which something was wrong. `make faults` makes this table, and goes on "
        "with the commands that are not in it yet; "
        f"`tests/faults/` has the harness, a selection runs in the suite (seed {result['seed']}).",
        "",
        "- **ENOSPC, EIO**: a library makes the n-th change of files below the output (creating, "
        "writing, flushing, renaming) fail, in the command and its worker processes: a disk that "
        "is full from then on, half a block after the last that fits, or a single error of the "
        "device. The command ends with status 2 and one line that names the file or folder. The "
        "same command then gives the result of an undisturbed run, bit for bit where that is "
        "promised (arrays, weights, stores, JSON, figures).",
        "- **kill -9, SIGTERM, Ctrl-C** at random times: no process is left after five seconds; "
        "the second and third end with 143 and 130 and a line that says what is kept. The same "
        "command, for `train` with `--resume`, then gives the undisturbed result.",
        "- **race**: two of the same on one output. One may be refused with one line; the result "
        "is that of one alone.",
        "",
        "A number is that of faults survived, of *n* where the command had ended before the fault "
        "came or did not feel it; `changes` is how often an undisturbed run changes a file.",
        "",
        f"| command | changes | {' | '.join(KINDS)} | wrong |",
        f"| --- | --- | {' | '.join('---' for _ in KINDS)} | --- |",
    ]
    for name, found in commands.items():
        cells = [_cell(found["faults"].get(kind, {})) for kind in KINDS]
        bad = len(found["wrong"])
        lines.append(f"| {name} | {found['changes']} | {' | '.join(cells)} | {bad} |")
    return "\n".join(lines) + "\n"


def _count(found: dict[str, Any], kind: str) -> int:
    return sum(found["faults"].get(kind, {}).values())


def _cell(outcomes: dict[str, int]) -> str:
    felt = sum(n for name, n in outcomes.items() if name in ("named", "killed", "1 of 2", "2 of 2"))
    total = sum(outcomes.values())
    return str(felt) if felt == total else f"{felt} of {total}"


# Until a long run is committed there is nothing to show.
PAGES = (Page(RESULTS / "faults.md", page),) if (RESULTS / "faults.json").is_file() else ()

if __name__ == "__main__":
    run(PAGES, __doc__)
