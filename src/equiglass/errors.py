"""What the command line says in one line: bad input, and what was taken for granted."""

from __future__ import annotations

import os

# A path may have 4096 characters, and what a file holds any number.
LONGEST = 1000


def one_line(value: object, *, exact: bool = False) -> str:
    """Something from outside as part of one line that a terminal only shows.

    What is not printable (line ends, escape sequences, bytes of a name that are no text) is written
    as its code, and the middle of what is too long is left out.

    Parameters
    ----------
    exact
        Whether white space matters, as in a path; else any of it becomes one space.
    """
    try:
        text = str(value)
    except ValueError:  # a number of more than 4300 digits
        text = f"a huge {type(value).__name__}"
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    if not exact:
        text = " ".join(text.split())
    return printable(text)


def printable(text: str, *, keep: str = "") -> str:
    """A text in which what a terminal would not only show is written as its code."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in text)


class AssumptionWarning(UserWarning):
    """What an answer rests on and nothing stated: shown once, as one line."""


class InputError(ValueError):
    """Bad input from outside: a file, a configuration key, an argument; said in one line.

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
        where = ": ".join(
            one_line(part, exact=True) for part in (source, field) if part is not None
        )
        problem = one_line(problem)
        message = f"{where}: {problem}" if where else problem
        details = [
            f"{label} {one_line(value)}"
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
