"""Write the blocks of docs/potential.md: the files of examples/potential, and what their run gave.

In a copy of examples/potential:
equiglass simulate simulation.yaml -o wahnstrom.zarr
equiglass info wahnstrom.zarr --json info.json      (copied to docs/results/wahnstrom_info.json)
python tools/potential_page.py [--check]
"""

from __future__ import annotations

import json
from typing import Any

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "potential.md"
EXAMPLES = ROOT / "examples" / "potential"


def file(name: str) -> str:
    """A file of the example as a block of code."""
    return f"```yaml\n{(EXAMPLES / name).read_text().rstrip()}\n```"


def table_file() -> str:
    """The tabulated potential with the middle of its long lists left out."""
    lines = (EXAMPLES / "tabulated.yaml").read_text().splitlines()
    starts = [k for k, line in enumerate(lines) if line.rstrip().endswith("[")]
    ends = [k for k, line in enumerate(lines) if line.startswith("      ") and line.endswith("]")]
    keep = [
        line
        for k, line in enumerate(lines)
        if not any(a + 1 < k < b for a, b in zip(starts, ends, strict=True))
    ]
    shown = [f"{line}  # ... and so on" if line.endswith(",") else line for line in keep]
    return "```yaml\n" + "\n".join(shown) + "\n```"


def result() -> str:
    """What `info` says of the simulated mixture."""
    found: dict[str, Any] = json.loads((RESULTS / "wahnstrom_info.json").read_text())
    times = "; ".join(f"{t['value']:.3g} ({t['definition']})" for t in found["relaxation_times"])
    (density,) = found["density"] if isinstance(found["density"], list) else [found["density"]]
    return f"{found['n_configurations']} configurations of density {density:.4g}; τ_α = {times}."


PAGES = (
    Page(PAGE, lambda: file("wahnstrom.yaml"), "wahnstrom"),
    Page(PAGE, table_file, "tabulated"),
    Page(PAGE, lambda: file("simulation.yaml"), "simulation"),
    Page(PAGE, result, "result"),
)

if __name__ == "__main__":
    run(PAGES, __doc__)
