"""``equiglass``: every command, with the heavy imports inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from ..errors import InputError
from . import analysis, data, model
from .quickstart import quickstart
from .study import study

app = typer.Typer(
    name="equiglass",
    help="From a snapshot of a glassy liquid to how each particle will move.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[Callable[..., Any], ...] = (
    quickstart,
    data.info,
    data.convert,
    data.quench,
    data.simulate,
    model.train,
    model.cross_validate,
    model.evaluate,
    model.compare,
    study,
    analysis.represent,
    analysis.four_point,
    analysis.probe,
    analysis.report,
    model.predict,
)
for command in COMMANDS:
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"equiglass {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Options before the command."""


def main() -> None:
    """Entry point: bad input becomes one line and exit status 2, not a traceback."""
    try:
        app()
    except InputError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        typer.secho("stopped; the same command with --resume continues", fg="yellow", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
