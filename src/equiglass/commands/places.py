"""That outputs, and what they are made from, lie apart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..data.archive import is_store
from ..errors import InputError
from ..reporting.frames.output import ENDINGS, notes_beside

# What is said of a part of a data set: DATA@0.5, DATA[train].
_PART = re.compile(r"(\[\w+\])*(@[0-9.eE+-]+)?(\[\w+\])*$")


def check_apart(output: Path, *read: object) -> None:
    """Raise InputError where the output is what is read, lies in it or would hold it.

    Parameters
    ----------
    read
        As it was asked for: paths, data sets, or things that lie nowhere.
    """
    target = output.resolve()
    for place in _places(read):
        if place == target:
            problem = "is what is read"
        elif place in target.parents:
            problem = "lies in what is read"
        elif target in place.parents and is_store(target):
            problem = "holds what is read"
        else:
            continue
        raise InputError(f"{problem}; choose another output", source=output, found=place)


def check_results(outputs: Iterable[Path], *read: object) -> None:
    """Raise InputError where a file of results would be another of them, or part of what is read.

    Beside the files of a folder there may be results that are no data, such as figures.
    """
    seen: set[Path] = set()
    # A dump has its notes beside it.
    written = [one for o in outputs for one in (o, notes_beside(o)) if one is not None]
    for output in written:
        target = output.resolve()
        if target in seen:
            raise InputError("is to hold two results", source=output)
        seen.add(target)
        for place in _places(read):
            # A file of particles in a folder of data would be read as part of them.
            inside = place in target.parents and (
                is_store(place) or (output.suffix in ENDINGS and not _is_model(place))
            )
            if place == target or inside:
                problem = "lies in what is read" if inside else "is what is read"
                raise InputError(f"{problem}; choose another output", source=output, found=place)


def _is_model(folder: Path) -> bool:
    from ..models.description import WEIGHTS

    return any((folder / name).exists() for name in (WEIGHTS, f"model/{WEIGHTS}"))


def _places(read: Iterable[object]) -> Iterator[Path]:
    """Where the things lie that are read, of those that lie anywhere."""
    for thing in read:
        given = thing if isinstance(thing, (str, os.PathLike)) else getattr(thing, "source", None)
        if isinstance(given, (str, os.PathLike)):
            text = os.fspath(given)
            for path in (Path(text), Path(_PART.sub("", text))):
                if text and path.exists():
                    yield path.resolve()
                    break


def require_new(output: Path) -> None:
    """Raise InputError where something has the name of an output that replaces nothing."""
    if output.exists():
        raise InputError("exists already; choose a new name", source=output)
