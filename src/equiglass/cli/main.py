"""``equiglass``: every command, with the heavy imports inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import typer

from . import analysis, calibration, data, fetch, model, training, viewing
from .ending import INTERRUPTED, Ended, ending_well, ignore_broken_pipe

app = typer.Typer(
    name="equiglass",
    help="From a snapshot of a glassy liquid to how each particle will move.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[Callable[..., Any], ...] = (
    training.quickstart,
    data.info,
    fetch.fetch,
    data.convert,
    data.quench,
    data.simulate,
    training.train,
    training.cross_validate,
    model.evaluate,
    model.compare,
    calibration.calibrate,
    calibration.models,
    training.study,
    analysis.represent,
    analysis.four_point,
    analysis.probe,
    analysis.report,
    viewing.view,
    model.predict,
)
for command in COMMANDS:
    app.command()(ending_well(command))


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
    """Entry point; commands themselves end with one line, see :mod:`equiglass.cli.ending`."""
    try:
        app()
    except BrokenPipeError:
        ignore_broken_pipe()
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        _nothing_stopped()
    except SystemExit as end:
        # The library makes one of an interrupt that comes while it reads the options.
        if end.code == INTERRUPTED and not isinstance(end.__context__, Ended):
            _nothing_stopped()
        raise


def _nothing_stopped() -> NoReturn:
    """End before or after a command's own work, which ends with a line of its own."""
    typer.secho("stopped: no work was under way", fg="yellow", err=True)
    raise SystemExit(INTERRUPTED) from None
