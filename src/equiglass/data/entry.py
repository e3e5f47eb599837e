"""One configuration that can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .configuration import Configuration

if TYPE_CHECKING:
    from .examples import Example


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
    run
        The run that it is a moment of, where others are of the same: such are not independent, and
        a split by chance does not part them.
    example
        Of an example from a trajectory, which frames it reads: it can be cut to a stretch of time.
    """

    name: str
    format: str
    load: Callable[[], Configuration]
    split: str | None = None
    temperature: float | None = None
    run: str | None = None
    example: Example | None = None
