"""Notebooks of examples/notebooks, from the scripts beside them: outputs are never committed.

python tools/notebooks.py [--check]

A line ``# %%`` begins a cell of code and ``# %% [markdown]`` one of text, as editors know them.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from pages import ROOT, Page, run

FOLDER = ROOT / "examples" / "notebooks"
MARK, TEXT = "# %%", "# %% [markdown]"


def cells(script: str) -> list[dict[str, Any]]:
    """The cells of a script."""
    found: list[dict[str, Any]] = []
    for part in script.split(f"\n{MARK}")[1:]:
        head, _, body = f"{MARK}{part}".partition("\n")
        lines = body.strip("\n").split("\n")
        cell: dict[str, Any] = {"id": f"cell-{len(found)}", "metadata": {}}
        if head.strip() == TEXT:
            lines = [line.removeprefix("# ").removeprefix("#") for line in lines]
            cell |= {"cell_type": "markdown"}
        else:
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        source = [f"{line}\n" for line in lines]
        source[-1] = source[-1].rstrip("\n")
        found.append(cell | {"source": source})
    return found


def notebook(script: Path) -> str:
    """A script as a notebook."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells(script.read_text()),
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


PAGES = tuple(
    Page(script.with_suffix(".ipynb"), partial(notebook, script))
    for script in sorted(FOLDER.glob("*.py"))
)

if __name__ == "__main__":
    run(PAGES, __doc__)
