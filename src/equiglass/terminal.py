"""What is said in a terminal: names of files and what stands in them are shown, never obeyed."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from .errors import printable

LINES = "\n"


class Terminal(Console):
    """Rich's console, for which markup and escape sequences in a text are text."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """As of rich, of what is printable."""
        return super().render_str(printable(text, keep=LINES), **options)
