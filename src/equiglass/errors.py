"""What the command line says in one line: bad input, and what was taken for granted."""

from __future__ import annotations

import os


class AssumptionWarning(UserWarning):
    """What an answer rests on and nothing stated: shown once, as one line."""


class InputError(ValueError):
    """Bad input from outside: a file, a configuration key, an argument.

    Parameters
    ----------
    problem
        What is wrong, as a sentence fragment.
    source
        The file, folder or argument it was found in.
    field
        The field, key or array within the source.
    expected, found
        What was needed and what was there.
    """

    def __init__(
        self,
        problem: str,
        *,
        source: str | os.PathLike[str] | None = None,
        field: str | None = None,
        expected: object = None,
        found: object = None,
    ) -> None:
        where = ": ".join(str(part) for part in (source, field) if part is not None)
        message = f"{where}: {problem}" if where else problem
        details = [
            f"{label} {value}"
            for label, value in (("expected", expected), ("found", found))
            if value is not None
        ]
        if details:
            message += f" ({', '.join(details)})"
        super().__init__(message)
        self.source = source
        self.field = field
        self.expected = expected
        self.found = found
