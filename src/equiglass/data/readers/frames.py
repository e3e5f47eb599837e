"""Where the frames of a text trajectory lie, so that each is read alone and none is cut short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...opening import open_regular


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to ``stop`` of a file hold one frame."""

    start: int
    stop: int

    def text(self, path: Path) -> str:
        """The frame."""
        with open_regular(path) as file:
            file.seek(self.start)
            return _decoded(file.read(self.stop - self.start), path)

    def lines(self, path: Path) -> Iterator[str]:
        """Its lines one after the other, for those who need the first few."""
        with open_regular(path) as file:
            file.seek(self.start)
            while file.tell() < self.stop:
                yield _decoded(file.readline(), path)


def whole_text(path: Path) -> str:
    """A text file, whose last line must be a whole one."""
    with open_regular(path) as file:
        content = file.read()
    if content and not content.endswith(b"\n"):
        raise _half_line(path)
    return _decoded(content, path)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputError("damaged: not a text file", source=path, found=str(error)) from error


def _half_line(source: Path | str) -> InputError:
    # A number that lost its last digits is a number still: only the line's end shows it is whole.
    return InputError(
        "truncated: the last line does not end with a line break, so its last number may be half",
        source=source,
    )


def _lines(path: Path, found: list[Span], growing: bool) -> Iterator[tuple[int, bytes]]:
    """Lines and where they start; ``found`` are the frames so far, to name the one that is cut.

    Of a file that is ``growing`` without a last line that does not end.
    """
    position = 0
    with open_regular(path) as file:
        for line in file:
            frame = len(found)
            if growing and not line.endswith(b"\n"):
                return
            yield position, line
            position += len(line)
            if not line.endswith(b"\n"):
                raise _half_line(f"{path}[{frame}]")


def _count(line: bytes, path: Path, frame: int) -> int:
    try:
        n = int(line)
    except ValueError:
        n = 0
    if n < 1:
        raise InputError(
            "a number of particles was expected", source=f"{path}[{frame}]",
            found=repr(line[:40].decode(errors="replace").strip()),
        )  # fmt: skip
    return n


def _cut_short(path: Path, frame: int, n: int, found: int) -> InputError:
    return InputError(
        "truncated or damaged: a frame does not have as many particles as it says",
        source=f"{path}[{frame}]",
        expected=n,
        found=found,
    )


def extxyz_frames(path: Path, *, growing: bool = False) -> list[Span]:
    """The frames of an xyz or extended xyz file: a number, a comment, a line for each particle.

    Parameters
    ----------
    growing
        Whether the file may still be written to, so that a last frame that is not whole is left
        out.

    Raises
    ------
    InputError
        If a frame is shorter than its number says.
    """
    spans: list[Span] = []
    start, n, row, end = 0, 0, -1, 0
    for position, line in _lines(path, spans, growing):
        end = position + len(line)
        if row < 0:
            if not line.strip():
                continue
            start, n, row = position, _count(line, path, len(spans)), 0
        elif row == 0:
            row = 1
        elif not line.strip():
            raise _cut_short(path, len(spans), n, row - 1)
        else:
            row += 1
        if row == n + 1:
            spans.append(Span(start, end))
            row = -1
    if row >= 0 and not growing:
        raise _cut_short(path, len(spans), n, max(0, row - 1))
    return spans


def left_over(path: Path, spans: list[Span]) -> bool:
    """Whether something that is no whole frame follows the last one."""
    with open_regular(path) as file:
        file.seek(spans[-1].stop if spans else 0)
        return bool(file.read(4096).strip())


def dump_frames(path: Path, *, growing: bool = False) -> list[Span]:
    """The frames of a LAMMPS text dump; ``growing`` as in :func:`extxyz_frames`.

    Raises
    ------
    InputError
        If a frame has more or fewer particles than its header says.
    """
    spans: list[Span] = []
    start = end = 0
    expected: int | None = None
    rows: int | None = None  # of the section ATOMS
    wants_count = begun = False

    def close() -> None:
        if rows is None or expected is None or rows != expected:
            raise _cut_short(path, len(spans), expected or 0, rows or 0)
        spans.append(Span(start, end))

    for position, line in _lines(path, spans, growing):
        if wants_count:
            expected, wants_count = _count(line, path, len(spans)), False
        elif line.startswith(b"ITEM:"):
            item = line[5:].strip()
            # UNITS and TIME may come before TIMESTEP; whatever follows the rows is a new frame.
            if not begun or rows is not None:
                if begun:
                    close()
                start, begun, expected, rows = position, True, None, None
            wants_count = item == b"NUMBER OF ATOMS"
            if item.startswith(b"ATOMS"):
                rows = 0
        elif rows is not None and line.strip():
            rows += 1
        elif rows is not None and rows < (expected or 0):
            raise _cut_short(path, len(spans), expected or 0, rows)  # by an empty line
        elif not begun and line.strip():
            raise InputError("not a LAMMPS text dump", source=path, expected="ITEM: TIMESTEP",
                             found=repr(line[:40].decode(errors="replace").strip()))  # fmt: skip
        end = position + len(line)
    # Too many rows are damage, whether the file still grows or not.
    enough = rows is not None and expected is not None and rows >= expected
    if begun and (enough or not growing):
        close()
    return spans
