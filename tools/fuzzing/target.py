"""What is fuzzed: a reader, good files for it, ways to spoil them, and what must hold after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from equiglass.errors import InputError

from .mutate import mutated

OUTCOMES = ("accepted", "refused", "traceback", "hang", "crash", "memory", "wrong")
Generator = Callable[[Random], bytes]


@dataclass(frozen=True, eq=False)
class Target:
    """One kind of file.

    Attributes
    ----------
    file
        Name of the file, whose ending and temperature matter to some readers.
    seeds
        Good files.
    read
        Reads a file; what is wrong with it must be an :class:`InputError` of one line.
    check
        What is wrong with what was read, or None; given the file's content and whether it was made
        from a good file by changing bytes.
    generators
        Files with the structure of the format, wrong in their values.
    wanted
        Inputs of a long run.
    modules
        Of the package, by their path below it: where the reader is; see :mod:`.sources`.
    """

    name: str
    file: str
    seeds: Sequence[bytes]
    read: Callable[[Path], Any]
    check: Callable[[Any, bytes, bool], str | None]
    generators: Sequence[Generator] = ()
    wanted: int = 100_000
    modules: Sequence[str] = ()
    place: Callable[[Path, bytes], None] = field(
        default=lambda path, content: _write(path, content)
    )

    def make(self, seed: int, number: int) -> tuple[bytes, bool]:
        """Input ``number`` of a seed, the same whenever it is asked for; whether bytes changed."""
        rng = Random(f"{self.name} {seed} {number}")
        k = rng.randrange(1 + len(self.generators))
        if k:
            return self.generators[k - 1](rng), False
        return mutated(rng, rng.choice(self.seeds), self.seeds), True

    def judge(self, path: Path, content: bytes, by_bytes: bool) -> tuple[str, str]:
        """Outcome and its reason for one input."""
        self.place(path, content)
        try:
            value = self.read(path)
            problem = self.check(value, content, by_bytes)
        except InputError as error:
            if _ran_out(error):
                return "memory", repr(error)
            text = str(error)
            if not text.isprintable() or len(text) > 5000:
                return "traceback", f"not one short line: {text[:300]!r}"
            return "refused", text
        except MemoryError as error:
            return "memory", repr(error)
        except Exception as error:
            if _ran_out(error):
                return "memory", repr(error)
            return "traceback", f"{type(error).__name__}: {error}"[:500] + _where(error)
        return ("accepted", "") if problem is None else ("wrong", problem)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _ran_out(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _where(error: Exception) -> str:
    place = error.__traceback__
    names = []
    while place is not None:
        code = place.tb_frame.f_code
        names.append(f"{Path(code.co_filename).name}:{place.tb_lineno}")
        place = place.tb_next
    return " at " + " ".join(names[-4:])


def as_json(value: Any) -> bytes:
    """Plain values as JSON, numbers that JSON does not have among them."""
    return json.dumps(value).encode()
