"""What several commands take: how inputs are prepared, and where results go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from ..data.accuracy import Accuracy
from ..data.potential import Potential
from ..errors import InputError
from ..files import check_place, try_place
from ..simulation.preparation import Preparation, preparation
from ..written import naming

PathLike = str | os.PathLike[str]
PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg", ".eps", ".tif", ".tiff", ".webp")


class Making(TypedDict, total=False):
    """Keywords of every command that may have to make inherent structures and energies.

    Attributes
    ----------
    potential
        A potential, its name, or the path of a YAML file; by default that of the model, or of the
        data, see :class:`equiglass.simulation.preparation.Preparation`.
    accuracy
        Of the quenches: ``reference``, ``prediction`` or ``coarse``, see
        :mod:`equiglass.data.accuracy`; by default that of the data, else ``prediction`` for what a
        model reads in order to predict and ``reference`` for everything else.
    quench
        Whether what a model needs and the data lack is made, true by default; if not, that it is
        missing is an error.
    cache
        Folder in which quenches are kept, by default ``$EQUIGLASS_CACHE`` or ``~/.cache``.
    progress
        Whether progress is shown on standard error, by default not.
    """

    potential: PathLike | Potential | None
    accuracy: str | Accuracy | None
    quench: bool
    cache: PathLike | None
    progress: bool


class Preparing(Making, total=False):
    """The same, and by how many processes.

    Attributes
    ----------
    n_processes
        Worker processes, by default one per core.
    """

    n_processes: int | None


def preparation_of(keywords: Making) -> Preparation:
    """The one :class:`Preparation` of a command.

    Raises
    ------
    InputError
        If the potential is not known or cannot be read, or there is no such accuracy.
    """
    options = cast("Preparing", keywords)
    unknown = set(options) - set(Preparing.__annotations__)
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    potential, cache = options.get("potential"), options.get("cache")
    if cache == "":
        raise InputError("the name of a folder was expected", field="cache", found="''")
    return preparation(
        potential if potential is None or isinstance(potential, Potential) else Path(potential),
        accuracy=options.get("accuracy"),
        make=options.get("quench", True),
        cache=None if cache is None else Path(cache),
        n_processes=options.get("n_processes"),
        progress=options.get("progress", False),
    )


def check_output(path: PathLike, *, endings: Sequence[str] = (), folder: bool = False) -> Path:
    """The path of an output, which can be written as far as can be known before work starts.

    Parameters
    ----------
    endings
        How the name may end, if that decides the format.
    folder
        Whether it is a folder, which may exist already, rather than a file.

    Raises
    ------
    InputError
        For another ending, a folder in the place of a file or the reverse, a device or a pipe, or
        a place that does not exist or where nothing can be written.
    """
    target = Path(path)
    if endings and not target.name.endswith(tuple(endings)):
        raise InputError("cannot write this format", source=target, expected=", ".join(endings))
    check_place(target)
    if target.is_dir() and not folder:
        raise InputError("is a folder", source=target, expected="the name of a file")
    if target.exists() and not target.is_dir() and folder:
        raise InputError("is a file", source=target, expected="the name of a folder")
    # A folder is made with those above it; a file's must be there.
    place = target.absolute()
    while folder and not place.parent.exists():
        place = place.parent
    if not place.parent.is_dir():
        raise InputError("the folder does not exist", source=target.parent)
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError("may not be written to", source=target)
    if not target.is_dir():
        with naming(target):
            try_place(place)
    return target
