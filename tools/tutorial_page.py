"""Write what the code of docs/tutorial.md printed, from docs/results/tutorial.json.

python tools/tutorial.py
python tools/tutorial_page.py [--check]
"""

from __future__ import annotations

import json
from functools import partial

from pages import RESULTS, ROOT, Page, run
from tutorial import blocks

PAGE = ROOT / "docs" / "tutorial.md"


def output(k: int) -> str:
    """Of the k-th block of code, which must be the one that was run."""
    record = json.loads((RESULTS / "tutorial.json").read_text())
    if record[k]["code"] != blocks()[k]:
        raise ValueError(f"block {k + 1} of the tutorial has changed: run tools/tutorial.py")
    return f"```text\n{record[k]['printed'].rstrip()}\n```"


PAGES = tuple(
    Page(PAGE, partial(output, k), name)
    for k, name in enumerate(("looked", "quenched", "trained", "evaluated"))
)

if __name__ == "__main__":
    run(PAGES, __doc__)
