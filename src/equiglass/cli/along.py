"""What the command line says of results of many frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..analysis.along import Along


def refuse_with_figure(**asked: Any) -> None:
    """Raise InputError where frames are asked for together with the picture of a snapshot."""
    for name, value in asked.items():
        if value is not None:
            raise InputError(
                "goes with --output alone; a picture is of one snapshot", field=f"--{name}"
            )


def print_along(found: Along) -> None:
    """Where the results are, and what they cover."""
    span = ""
    if found.times is not None and len(found) > 1:
        span = f", t = {found.times[0]:g} to {found.times[-1]:g}"
    times = found.about.times
    what = f"predictions at {len(times)} times" if times else "inherent structures and energies"
    typer.echo(f"{what} for {len(found)} configurations{span} in {found.output}")
    if found.n_outside:
        typer.echo(f"{found.n_outside} of them outside of the model's training domain")
