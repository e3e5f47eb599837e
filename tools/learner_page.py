"""Write docs/results/learner_trials.md: what was tried to learn more from the ten public files.

    python tools/learner_page.py [--check]

Reads what tools/learner_trials.py leaves.
"""

from __future__ import annotations

import json
import re
from typing import Any

from learner_trials import OUT, SHOWN, VARIANTS
from pages import RESULTS, Page, run

TEXT = """# What was tried

```sh
python tools/learner_trials.py DATA WORK     # the ten public files at T = 0.44
```

The packaged model `ka3d_t044` beside trainings that differ from it in one thing, with as many
steps and the same training files. ρ of type A on the files {files}, which fold {fold} of five holds
out, each from the snapshot alone and averaged over {states} [states](../states.md); in brackets the
difference from the first line. **It is one fold, one seed**: what differs by .01 or less need not
differ elsewhere. It says which of these is not worth a cross-validation of all folds.

{table}

"{shown}": {number} states of each training file, made by short molecular dynamics, are learned
from with the labels of the file. EIGNN's network has the learning rate and the steps of the
packaged model, which were not chosen for it.
"""
PATTERN = re.compile(r"(?P<name>.+); fold (?P<fold>\d+), seed (?P<seed>\d+)")


def of_a(row: dict[str, Any]) -> dict[int, list[float]]:
    """ρ of type A for each file, by the number of states."""
    return {s["states"]: s["rho"] for s in row["scores"] if s["type"] == "A"}


def page() -> str:
    """The whole page."""
    trials: dict[str, dict[str, Any]] = json.loads(OUT.read_text())
    keys = [m.groupdict() for m in map(PATTERN.fullmatch, trials) if m is not None]
    # One of each, as the page says.
    ((fold,), _) = ({key[name] for key in keys} for name in ("fold", "seed"))
    named = {key["name"]: row for key, row in zip(keys, trials.values(), strict=True)}
    rows = {name: named[name] for name in VARIANTS if name in named}
    first = next(iter(rows.values()))
    numbers = [re.search(r"_(\d+)_tc", name) for name in first["held_out"]]
    files = [m.group(1) for m in numbers if m is not None]
    states = sorted(of_a(first))
    heads = [f"file {k}{'' if n == 1 else f', {n} states'}" for n in states for k in files]
    lines = [
        f"| | parameters | s of a core | {' | '.join(heads)} |",
        "| --- " * (3 + len(heads)) + "|",
    ]
    for name, row in rows.items():
        seconds = row["processor_seconds"]
        cells = [name, str(row["parameters"]), "-" if seconds is None else f"{seconds:.0f}"]
        for n in states:
            for own, plain in zip(of_a(row)[n], of_a(first)[n], strict=True):
                beside = "" if row is first else f" ({own - plain:+.3f})"
                cells.append(f"{own:.3f}{beside}")
        lines.append(f"| {' | '.join(cells)} |")
    shown = next(name for name, variant in VARIANTS.items() if variant.states)
    return TEXT.format(
        files=" and ".join(files), fold=fold, states=states[-1],
        table="\n".join(lines), shown=shown, number=SHOWN.number - 1,
    )  # fmt: skip


PAGES = (Page(RESULTS / "learner_trials.md", page),)

if __name__ == "__main__":
    run(PAGES, __doc__)
