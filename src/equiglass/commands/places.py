"""That an output and the data it is made from lie apart."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..data.archive import is_store
from ..data.dataset import Dataset
from ..errors import InputError

# What is said of a part of a data set: DATA@0.5, DATA[train].
_PART = re.compile(r"(\[\w+\])*(@[0-9.eE+-]+)?(\[\w+\])*$")


def check_apart(output: Path, data: object, dataset: Dataset) -> None:
    """Raise InputError where the output is what is read, lies in it or would hold it.

    Parameters
    ----------
    data
        As it was asked for: a path, a data set, or something that lies nowhere.
    """
    given = os.fspath(data) if isinstance(data, (str, os.PathLike)) else dataset.source
    target = output.resolve()
    named = next((p for p in (Path(given), Path(_PART.sub("", given))) if p.exists()), None)
    if named is None:
        return
    place = named.resolve()
    if place == target:
        problem = "is what is read"
    elif place in target.parents:
        problem = "lies in what is read"
    elif target in place.parents and is_store(target):
        problem = "holds what is read"
    else:
        return
    raise InputError(f"{problem}; choose another output", source=output, found=place)


def require_new(output: Path) -> None:
    """Raise InputError where something has the name of an output that replaces nothing."""
    if output.exists():
        raise InputError("exists already; choose a new name", source=output)
