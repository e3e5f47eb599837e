"""``fetch``: public data sets, with what their publishers ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .saying import echo

if TYPE_CHECKING:
    from ..fetching.files import Fetched
    from ..fetching.sets import PublicSet


def fetch(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="glassbench, botan or deepmind.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Argument(
            metavar="[PART]", help="Such as T0.44, T0.44/train, or a member of a zip file."
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where it goes.", show_default="./NAME"
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Show parts and sizes, licences and how to cite.")
    ] = False,
    unpack: Annotated[
        bool, typer.Option("--unpack", help="Unpack an archive beside itself.")
    ] = False,
    mirror: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Fetch from here in place of the publisher's server."),
    ] = None,
) -> None:
    """Fetch a public data set from its publisher: resumed, checked, with its licence.

    The same command goes on with what a stopped one has left, and checks what is there.
    """
    from ..commands.fetch import fetch as run
    from ..errors import InputError
    from ..fetching.sets import SETS, public_set

    if listed or name is None:
        for chosen in [public_set(name)] if name else SETS.values():
            _print_set(chosen)
        if name is None and not listed:
            raise InputError("which data set?", field="NAME", expected=", ".join(SETS))
        return
    chosen = public_set(name)
    found = run(name, part, folder, unpack=unpack, mirror=mirror, progress=True)
    for one in found if len(found) < 4 else found[:1]:
        state = "is there" if not one.new else "fetched"
        echo(f"{one.path}: {state}, {one.n_bytes} bytes, sha256 {one.sha256}")
        echo(f"checked: {one.checked}")
    if len(found) >= 4:
        new = sum(one.new for one in found)
        echo(f"and {len(found) - 1} others; {new} of {len(found)} came now")
    _print_terms(chosen)
    echo(f"next: {_next(chosen, found)}")


def _next(chosen: PublicSet, found: list[Fetched]) -> str:
    """The command that makes a store of what came, one configuration in memory at a time."""
    first = found[0]
    if first.unpacked is not None:
        return f"equiglass convert {first.unpacked} {chosen.name}.zarr"
    if first.path.name.endswith((".tar.gz", ".zip")):
        return "the same command with --unpack, then equiglass convert of the folder"
    if first.path.suffix == ".pickle":
        place = first.path if len(found) == 1 else first.path.parent.parent
        return f"equiglass convert {place} {chosen.name}.zarr"
    return f"read {first.path}"


def _print_terms(one: PublicSet) -> None:
    echo(f"licence: {one.licence}")
    echo(f"cite: {one.citation} (data: doi:{one.doi})")


def _print_set(one: PublicSet) -> None:
    typer.secho(f"{one.name}: {one.title}", bold=True)
    width = max(len(part.name) for part in one.parts)
    for part in one.parts:
        size = f" [{part.size}]" if part.size else ""
        echo(f"  {part.name:{width}}  {part.about}{size}")
    if one.note:
        echo(f"  {one.note}")
    echo(f"  from {one.address}")
    _print_terms(one)
    echo("")
