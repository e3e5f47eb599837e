"""Options that several commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

DataArgument = Annotated[
    str, typer.Argument(metavar="DATA", help="File, folder, store or packaged data set.")
]
ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="Run folder, weight file or packaged model.")
]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE, or - for stdout.")
]
SpeciesOption = Annotated[
    str | None,
    typer.Option(help="Species in the order A, B, ... for foreign formats, such as Ni,P."),
]
PotentialOption = Annotated[str, typer.Option(help="Pair potential: kob-andersen or a YAML file.")]
CacheOption = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps quenches [default: $EQUIGLASS_CACHE or ~/.cache]."),
]
QuenchOption = Annotated[
    bool,
    typer.Option(
        "--quench/--no-quench", help="Make inherent structures and energies that are missing."
    ),
]
ProcessesOption = Annotated[
    int | None, typer.Option("--processes", "-j", help="Worker processes [default: all cores].")
]


def species_list(text: str | None) -> list[str] | None:
    """``Ni,P`` as a list."""
    return [part.strip() for part in text.split(",")] if text else None


def write_json(content: Any, target: str) -> None:
    """JSON to a file, or to standard output for ``-``."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        Path(target).write_text(text)
