"""The command that makes a page to look at: view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .lists import number_list, species_list
from .options import (
    AlongOption,
    SpeciesOption,
    StrictOption,
    TimestepOption,
    preparing,
)
from .saying import echo

if TYPE_CHECKING:
    from ..commands.options import Preparing


@preparing
def view(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA|PREDICTION",
            help="Data set or trajectory, or an output of predict or represent.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="HTML", help="Page to write.")],
    model: Annotated[
        str | None,
        typer.Option(help="Show the predictions of this model beside what the data hold."),
    ] = None,
    times: Annotated[
        str | None, typer.Option(metavar="T,T,...", help="Lag times to show.", show_default="all")
    ] = None,
    frames: AlongOption = None,
    timestep: TimestepOption = None,
    strict: StrictOption = False,
    species: SpeciesOption = None,
    *,
    prepare: Preparing,
) -> None:
    """Make a page with the particles in 3D, predicted beside measured; it works offline."""
    from ..commands.view import view as run

    chosen = number_list(times, "--times", "1.65,4120")
    page = run(
        data, output, model=model, frames=frames or ":", timestep=timestep, times=chosen,
        strict=strict, species=species_list(species), **prepare,
    )  # fmt: skip
    echo(f"page {page} ({page.stat().st_size / 1e6:.1f} MB)")
