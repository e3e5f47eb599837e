"""Single members of a zip file on a server, by its directory and ranges of bytes."""

from __future__ import annotations

import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..written import naming
from . import http
from .http import BUSY, TIMEOUT, TRIES, Piece

HEADER = 30  # bytes of a member's own header before its name


@dataclass(frozen=True)
class Member:
    """A member of a zip file: where its bytes are, how they are packed, and what they become."""

    name: str
    piece: Piece
    deflated: bool
    n_bytes: int
    crc: int


def find_member(url: str, name: str, published: int | None) -> Member:
    """A member of a zip file, by the directory at the end of the file.

    Parameters
    ----------
    published
        Size of the zip file: one of another size is another file.

    Raises
    ------
    InputError
        If there is no such member, or the server has no zip file there or sends no parts of it.
    """
    from remotezip import RemoteFetcher, RemoteZip

    asked = {"timeout": TIMEOUT, "allow_redirects": True}

    def read() -> Member:
        # Not every server knows what the last bytes of a file are, so its size is asked for first.
        with RemoteZip(url, support_suffix_range=False, **asked) as archive:
            if published not in (None, archive.size()):
                raise InputError("has another size than is published", source=url,
                                 expected=f"{published} bytes", found=archive.size())  # fmt: skip
            found = [info for info in archive.infolist() if not info.is_dir()]
            info = next((info for info in found if info.filename == name), None)
            if info is None:
                raise InputError("no such member", source=url, field=name,
                                 expected=", ".join(i.filename for i in found[:40]))  # fmt: skip
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise InputError("is packed in a way that is not supported", source=url, field=name)
            # The header of the member itself says where its bytes begin.
            first = info.header_offset
            header = RemoteFetcher(url, **asked).fetch((first, first + HEADER - 1)).read()
            skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            piece = Piece(url, first + HEADER + skip, info.compress_size, whole=False)
            packed = info.compress_type == zipfile.ZIP_DEFLATED
            return Member(name, piece, packed, info.file_size, info.CRC)

    return _tried(url, read)


def _tried(url: str, read: Callable[[], Member]) -> Member:
    """What is read, after another try where the connection breaks."""
    import requests
    import urllib3
    from remotezip import RangeNotSupported, RemoteIOError, RemoteZipError

    for k in range(TRIES):
        try:
            return read()
        except RangeNotSupported as error:
            raise InputError(
                "the server sends no parts of files; fetch the whole one", source=url
            ) from error
        except RemoteIOError as error:
            cause: Any = error.__context__
            answer = getattr(cause, "response", None)
            if answer is not None and answer.status_code not in BUSY:
                raise InputError(
                    f"the server answers {answer.status_code} {answer.reason}", source=url
                ) from error
            broken: Exception = error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            broken = error
        except (zipfile.BadZipFile, RemoteZipError, ValueError, IndexError, TypeError) as error:
            raise InputError(f"no zip file is there: {error}", source=url) from error
        time.sleep(http.PAUSE)
        if k + 1 == TRIES:
            raise InputError(f"the connection broke {TRIES} times", source=url) from broken
    raise AssertionError


def unpack_member(member: Member, packed: Path, target: Path) -> None:
    """Unpack the bytes of a member, and compare their number and CRC-32 with the directory's.

    Raises
    ------
    InputError
        If they are not what the directory says.
    """
    crc, size = 0, 0
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.deflated else None
    with naming(target), packed.open("rb") as source, target.open("wb") as out:
        try:
            while piece := source.read(1 << 20):
                data = piece if inflate is None else inflate.decompress(piece)
                crc, size = zlib.crc32(data, crc), size + len(data)
                if size > member.n_bytes:
                    break
                out.write(data)
        except zlib.error:
            crc = -1
    if (crc, size) != (member.crc, member.n_bytes):
        raise InputError(
            "what came is not what the directory of the zip file says; the same command begins it "
            "anew",
            source=member.piece.url, field=member.name,
            expected=f"{member.n_bytes} bytes of CRC-32 {member.crc:08x}",
            found=f"{size} bytes" + ("" if crc < 0 else f" of {crc:08x}"),
        )  # fmt: skip
