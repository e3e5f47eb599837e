"""One configuration that can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .configuration import Configuration


@dataclass(frozen=True)
class Entry:
    """A configuration that can be loaded, its name, and the split it belongs to.

    Attributes
    ----------
    format
        Name of the format it is read from.
    load
        Reads the configuration. A :func:`functools.partial` of a function of a module, so that
        data sets can be sent to other processes.
    temperature
        Where it is stated without loading: by the file's name, or in the record of a store.
    """

    name: str
    format: str
    load: Callable[[], Configuration]
    split: str | None = None
    temperature: float | None = None
