"""Pages, and blocks of pages, that are written from committed runs, tables and classes.

A tool lists its :class:`Page` objects as ``PAGES`` and ends with ``run(PAGES)``: the command then
writes them, or with ``--check`` says which are not what they should be, with exit status 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"


@dataclass(frozen=True)
class Page:
    """A generated page, or one block of a page that is otherwise written by hand.

    Attributes
    ----------
    content
        Makes the page's text, or the lines between the block's markers.
    block
        Name of the block: what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``.
    """

    path: Path
    content: Callable[[], str]
    block: str | None = None

    @property
    def name(self) -> str:
        """The path in the repository, and the block."""
        path = str(self.path.relative_to(ROOT))
        return path if self.block is None else f"{path}#{self.block}"

    def expected(self) -> str:
        """What the whole file should hold."""
        if self.block is None:
            return self.content()
        return replaced(self.path.read_text(), self.block, self.content())

    def is_stale(self) -> bool:
        """Whether the file holds something else."""
        return not self.path.is_file() or self.path.read_text() != self.expected()

    def write(self) -> None:
        """Make it what it should be."""
        self.path.write_text(self.expected())


def replaced(text: str, block: str, content: str) -> str:
    """A text with other lines between the markers of a block.

    Raises
    ------
    ValueError
        If the text has not exactly one block of this name.
    """
    start, end = f"<!-- {block} -->\n", f"<!-- /{block} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"expected {start.strip()} and {end} once each")
    head, rest = text.split(start)
    return f"{head}{start}{content}\n{end}{rest.split(end)[1]}"


def run(pages: Iterable[Page], description: str | None = None) -> None:
    """Write the pages, or check them: the command line of every tool that makes some."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one differs")
    check = parser.parse_args().check
    stale = [page for page in pages if page.is_stale()]
    for page in stale:
        print(page.name, "differs" if check else "written", sep=": ")
        if not check:
            page.write()
    if check and stale:
        raise SystemExit(1)
