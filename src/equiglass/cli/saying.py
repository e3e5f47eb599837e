"""Lines of the commands."""

from __future__ import annotations

import typer

from ..errors import printable


def echo(text: str, *, err: bool = False, fg: str | None = None) -> None:
    """Print lines of which parts may come from outside; see :mod:`equiglass.terminal`."""
    typer.secho(printable(text, keep="\n"), err=err, fg=fg)
