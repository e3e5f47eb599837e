"""Run the code of docs/tutorial.md, and keep what it printed and drew.

python tools/tutorial.py            (a few minutes)
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from pages import RESULTS, ROOT

FIGURES = ("map.png", "rho.png")


def blocks() -> list[str]:
    """The page's Python, in order."""
    text = (ROOT / "docs" / "tutorial.md").read_text()
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def main() -> None:
    """Run them in one namespace, in a folder of their own."""
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for code in blocks():
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(code, "tutorial", "exec"), names)
            printed.append(out.getvalue())
        for figure in FIGURES:
            shutil.copy(Path(folder) / figure, RESULTS / f"tutorial_{figure}")
        os.chdir(ROOT)
    record = [{"code": code, "printed": text} for code, text in zip(blocks(), printed, strict=True)]
    (RESULTS / "tutorial.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
