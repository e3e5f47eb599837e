"""Many objects in order, of which only so many are in memory."""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
import weakref
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar, overload

from ..errors import InputError
from ..written import naming
from .configuration import Configuration

T = TypeVar("T")


class Budget:
    """Bytes that may be used; once something did not fit, nothing more does."""

    def __init__(self, n_bytes: float) -> None:
        self.left = n_bytes
        self._lock = threading.Lock()

    def take(self, n_bytes: int) -> bool:
        """Whether so many are left; if so, they are used from now on."""
        with self._lock:
            if n_bytes > self.left:
                self.left = -1.0
                return False
            self.left -= n_bytes
            return True


class Held(Sequence[T]):
    """A list of which the members beyond a limit lie in a file; see :func:`hold`.

    The file has no name: it is gone when this object, or the process, ends in whatever way.
    """

    def __init__(self, budget: Budget, folder: Path) -> None:
        self.budget, self.folder = budget, folder
        self._places: list[T | tuple[int, int]] = []
        self._on_disk: list[bool] = []
        self._file: Any = None

    def append(self, item: T, n_bytes: int) -> None:
        """Add a member that takes so much memory.

        Raises
        ------
        InputError
            If it does not fit into the limit, and the folder cannot be written to.
        """
        fits = self.budget.take(n_bytes)
        self._on_disk.append(not fits)
        self._places.append(item if fits else self._write(item))

    def _write(self, item: T) -> tuple[int, int]:
        with naming(self.folder):
            if self._file is None:
                # Open as long as this object lives.
                self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            start = self._file.seek(0, os.SEEK_END)
            content = memoryview(pickle.dumps(item, protocol=5))
            done = 0
            while done < len(content):
                done += self._file.write(content[done:])
        return start, len(content)

    @property
    def n_on_disk(self) -> int:
        """How many members are not in memory."""
        return sum(self._on_disk)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        place: Any = self._places[index]
        if not self._on_disk[index]:
            member: T = place
            return member
        start, length = place
        # Written by this object into a file that nobody else can open.
        content = bytearray()
        # The system reads at most 2 GB at once.
        while len(content) < length:
            part = os.pread(self._file.fileno(), length - len(content), start + len(content))
            if not part:
                raise InputError("a file without a name was cut off", source=self.folder)
            content += part
        read: T = pickle.loads(content)
        return read


class Joined(Sequence[T]):
    """Several sequences as one, nothing copied."""

    def __init__(self, *parts: Sequence[T]) -> None:
        self.parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        number = range(len(self))[index]
        k = bisect_right(self._ends, number)
        return self.parts[k][number - (self._ends[k - 1] if k else 0)]


def n_bytes(configuration: Configuration) -> int:
    """Memory of the arrays of a configuration, stored predictions among them."""
    c = configuration
    return sum(array.nbytes for array in (*c.known.values(), *c.predictions.values()))


def hold(
    configurations: Iterable[Configuration], budget: Budget, folder: Path
) -> Held[Configuration]:
    """Configurations as they come, in memory as far as the budget reaches, else on disk."""
    held: Held[Configuration] = Held(budget, folder)
    for c in configurations:
        held.append(c, n_bytes(c))
    return held
