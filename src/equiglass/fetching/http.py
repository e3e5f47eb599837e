"""Bytes of a file on a server, continued after cut connections and from one process to the next.

Pooch, which checks and places what comes, downloads a file anew when a connection breaks; of 58 GB
that is a day. What has come lies in a hidden file ``.NAME.part`` beside the final one, with a
record of what it is a part of.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import remove, sync
from ..written import naming, read_json, write_json

Advance = Callable[[int, int | None], None]
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
TRIES, PAUSE = 6, 1.0  # in a row without a byte more, and the first pause between two, seconds
PIECE = 1 << 20
SPARE = 1 << 26  # bytes of a disk that are left free
BUSY = (408, 425, 429, 500, 502, 503, 504)


class CutError(Exception):
    """A connection that broke, or a server that is busy: worth another try."""


@dataclass(frozen=True)
class Piece:
    """A file on a server, or some of its bytes.

    Attributes
    ----------
    start, n_bytes
        First byte, and how many; None where neither the publisher nor the server says it.
    whole
        Whether it is a whole file, which a server without ranges can send.
    validator
        Of the version of the file, as the server calls it.
    md5
        Of the whole file, where the server states it.
    """

    url: str
    start: int = 0
    n_bytes: int | None = None
    whole: bool = True
    validator: str | None = None
    md5: str | None = None


def part_of(target: Path) -> Path:
    """Where the bytes of a file lie until all are there."""
    return target.with_name(f".{target.name}.part")


def record_of(part: Path) -> Path:
    """What a partial file is a part of."""
    return part.with_name(f"{part.name}.json")


def discard(part: Path) -> None:
    """Forget a partial file."""
    remove(part)
    remove(record_of(part))


def download(wanted: Piece, part: Path, *, spare: int = 0, advance: Advance) -> Piece:
    """Bring a partial file to its end; returns what is known of it then.

    Parameters
    ----------
    wanted
        As published.
    spare
        Bytes that the disk must have beyond those of the piece.
    advance
        Is told how many bytes there are, and of how many.

    Raises
    ------
    InputError
        If the server does not have the file, does not send a part where one is needed, or has one
        of another size; if connections break again and again without a byte more; or if the disk
        is too small. What came is kept.
    """
    failures, most = 0, _size(part)
    while True:
        try:
            return _attempt(wanted, part, spare, advance)
        except CutError as error:
            # More than ever: a server that begins anew each time makes no progress.
            failures = 1 if _size(part) > most else failures + 1
            most = max(most, _size(part))
            if failures >= TRIES:
                raise InputError(
                    f"{error}, {TRIES} times in a row without a byte more; {_size(part)} bytes are "
                    "kept, and the same command goes on",
                    source=wanted.url,
                ) from error
            time.sleep(min(PAUSE * 2 ** (failures - 1), 30 * PAUSE))


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _attempt(wanted: Piece, part: Path, spare: int, advance: Advance) -> Piece:
    """As much of a piece as one connection gives.

    Raises
    ------
    CutError
        If that is not all.
    """
    known, have = _begun(wanted, part)
    if known.n_bytes is not None and have == known.n_bytes:
        advance(have, have)
        return known
    with _response(known, have) as response:
        have = _continued(response, known, have, part)
        known = _described(response, wanted, have, part)
        check_disk(part, (known.n_bytes or 0) - have + spare)
        write_json(record_of(part), asdict(known))
        _store(response, part, have, known.n_bytes, advance)
    size = _size(part)
    if known.n_bytes is not None and size > known.n_bytes:
        discard(part)
        raise InputError("more came than was announced", source=wanted.url,
                         expected=f"{known.n_bytes} bytes", found=size)  # fmt: skip
    if known.n_bytes is not None and size < known.n_bytes:
        raise CutError(f"the connection broke after {size} of {known.n_bytes} bytes")
    return known


def _begun(wanted: Piece, part: Path) -> tuple[Piece, int]:
    """What is recorded of a partial file, and its size; one of something else is discarded."""
    if part.is_file():
        try:
            found = Piece(**read_json(record_of(part)))
        except (InputError, TypeError):
            found = Piece("")
        size = wanted.n_bytes if wanted.n_bytes is not None else found.n_bytes
        if replace(wanted, n_bytes=size, validator=found.validator, md5=found.md5) == found:
            return found, _size(part)
    discard(part)
    return wanted, 0


@contextmanager
def _response(known: Piece, have: int) -> Iterator[Any]:
    """What the server answers to the request for what is missing.

    Raises
    ------
    CutError
        If the connection breaks, here or in the context, or the server is busy.
    InputError
        If it refuses.
    """
    import requests
    import urllib3

    headers = {"Accept-Encoding": "identity", "User-Agent": "equiglass"}
    if have or not known.whole:
        last = "" if known.n_bytes is None else known.start + known.n_bytes - 1
        headers["Range"] = f"bytes={known.start + have}-{last}"
        if have and known.validator:
            headers["If-Range"] = known.validator
    try:
        with requests.get(known.url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            answer = f"the server answers {response.status_code} {response.reason}"
            if response.status_code in BUSY:
                raise CutError(answer)
            if response.status_code not in (200, 206, 416):
                raise InputError(answer, source=known.url)
            yield response
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        if isinstance(error, ValueError):  # an address that is none
            raise InputError("is no address", source=known.url) from error
        raise CutError(_short(error)) from error


def _continued(response: Any, known: Piece, have: int, part: Path) -> int:
    """How many of the bytes that are there the answer continues."""
    if response.status_code == 416:
        discard(part)
        raise CutError("the server has less than it said, or another file now")
    if response.status_code == 200:
        if not known.whole:
            raise InputError(
                "the server sends no parts of files; fetch the whole one", source=known.url
            )
        return 0
    stated = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if stated is None or int(stated[1]) != known.start + have:
        raise InputError(
            "the server sends another part than was asked for", source=known.url,
            expected=f"from byte {known.start + have}",
            found=response.headers.get("Content-Range"),
        )  # fmt: skip
    # All that shows another file where the server names no versions.
    if known.whole and known.n_bytes is not None and stated[3] not in ("*", str(known.n_bytes)):
        discard(part)
        raise CutError("the server has another file now")
    return have


def _described(response: Any, wanted: Piece, have: int, part: Path) -> Piece:
    """The piece with what the answer says of the file.

    Raises
    ------
    InputError
        If it has another size than is published.
    """
    headers: Mapping[str, str] = response.headers
    length = headers.get("Content-Length", "")
    found = have + int(length) if length.isdigit() else None
    if wanted.n_bytes is not None and found not in (None, wanted.n_bytes):
        discard(part)
        raise InputError(
            "has another size than is published", source=wanted.url,
            expected=f"{wanted.n_bytes} bytes", found=found,
        )  # fmt: skip
    etag = headers.get("ETag", "")
    strong = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
    n_bytes = wanted.n_bytes if wanted.n_bytes is not None else found
    return replace(wanted, n_bytes=n_bytes, validator=strong, md5=stated_md5(headers))


def stated_md5(headers: Mapping[str, str]) -> str | None:
    """The md5 of a file, as Google's storage says it in a header."""
    match = re.search(r"md5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    return None if match is None else base64.b64decode(match[1]).hex()


def check_disk(place: Path, n_bytes: int) -> None:
    """Raise InputError where the disk has not that much free, and a little to spare."""
    free = shutil.disk_usage(place.parent).free
    if n_bytes + SPARE > free:
        raise InputError(
            "the disk is too small", source=place.parent,
            expected=f"{(n_bytes + SPARE) / 1e9:.3g} GB free", found=f"{free / 1e9:.3g} GB",
        )  # fmt: skip


def _store(response: Any, part: Path, have: int, total: int | None, advance: Advance) -> None:
    with part.open("r+b" if have else "wb") as out:
        out.seek(have)
        out.truncate()
        advance(have, total)
        try:
            # What is there, however little: a read of a fixed size loses what came before a cut.
            while piece := response.raw.read1(PIECE):
                with naming(part):
                    out.write(piece)
                have += len(piece)
                advance(have, total)
        finally:
            with naming(part):
                out.flush()
                os.fsync(out.fileno())
    sync(part.parent)


def _short(error: Exception) -> str:
    """What broke, without the libraries that it went through."""
    text = str(error)
    known = {
        "refused": "the connection was refused",
        "timed out": "the server did not answer in time",
        "resol": "the name of the server is not known",
        "certificate": "the server's certificate is not valid",
    }
    return next((words for mark, words in known.items() if mark in text), "the connection broke")
