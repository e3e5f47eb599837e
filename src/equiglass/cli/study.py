"""``equiglass study``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..studies.registry import STUDIES
from .options import CacheOption

KINDS = "; ".join(f"{study.kind}: {study.help}" for study in STUDIES.values())


def study(
    kind: Annotated[str, typer.Argument(help=KINDS, metavar="KIND")],
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="The training that the study varies.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for runs and results.")
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="Few variants and epochs, to see that all runs.")
    ] = False,
    processes: Annotated[
        int, typer.Option("--processes", "-j", help="Variants trained at the same time.", min=1)
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on the workers of this Dask scheduler."),
    ] = None,
    cache: CacheOption = None,
) -> None:
    """Answer one of the paper's questions with a grid of trainings: table and figure.

    The same command continues a stopped study.
    """
    from ..simulation.preparation import preparation
    from ..studies.run import study as run_study
    from ..training.config import load_config
    from .tables import print_study

    rows = run_study(
        kind,
        load_config(config),
        output,
        quick=quick,
        n_processes=processes,
        scheduler=scheduler,
        preparation=preparation(cache=cache),
    )
    print_study(rows)
    typer.echo(f"table  {output / 'study.csv'}\nfigure {output / 'study.png'}")
