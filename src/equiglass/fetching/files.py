"""One file of a public data set: fetched, checked, recorded, and unpacked on request."""

from __future__ import annotations

import hashlib
import logging
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..extras import need
from ..files import partial_of, publish, remove, remove_stale, sync
from ..locks import writing
from ..written import naming, read_json, write_json
from .http import Advance, Piece, check_disk, discard, download, part_of, record_of
from .members import Member, find_member, unpack_member
from .sets import PublicSet, Remote

Show = Callable[[str], Any]  # a context that yields an Advance, for a file's name
ARCHIVES = (".tar.gz", ".zip")
# In an unpacked folder the sha256 of the archive; hidden, as readers of folders pass over it then.
ORIGIN = ".unpacked_from"


@dataclass(frozen=True)
class Fetched:
    """A file that is here.

    Attributes
    ----------
    checked
        What it was compared with, in words.
    new
        Whether it came now, or was here before and is unchanged.
    unpacked
        The folder that it was unpacked into, if it was.
    """

    path: Path
    n_bytes: int
    sha256: str
    checked: str
    new: bool
    unpacked: Path | None = None


def record_beside(target: Path) -> Path:
    """Where it is written down what came, from where."""
    return target.with_name(f"{target.name}.fetched.json")


def came_of(target: Path) -> Path:
    """What a whole file is called until it is written down what it is.

    A file of its final name and no record is then not one that came here.
    """
    return target.with_name(f".{target.name}.came")


def fetch_file(
    of: PublicSet, remote: Remote, folder: Path, *, address: str, unpack: bool, advance: Advance
) -> Fetched:
    """Fetch a file, or see that it is here and is what came before.

    Parameters
    ----------
    address
        What the path of the file is put behind: that of the set, or of a mirror.
    unpack
        Whether to unpack an archive beside itself.

    Raises
    ------
    InputError
        As :func:`equiglass.fetching.http.download`; if it is not what is published, or what came
        before; or if something else has its name.
    """
    need("pooch", "remotezip", why="fetching a public data set")
    target = folder / remote.target
    with writing(target):
        record = record_beside(target)
        before = read_json(record) if record.is_file() else None
        if target.exists():
            found = _as_before(target, before, remote)
        else:
            found = _bring(of, remote, address, target, before, advance)
        return found if not unpack else _unpacked(found)


def _as_before(target: Path, before: dict[str, Any] | None, remote: Remote) -> Fetched:
    """A file that is here already.

    Raises
    ------
    InputError
        If it is not the one that came, or that is published.
    """
    digest, md5 = _digests(target)
    advice = "remove it to fetch it again"
    if before is None and (remote.md5 is None or remote.member is not None):
        raise InputError(f"is there, and not known to be what is published; {advice}",
                         source=target)  # fmt: skip
    if before is None and md5 != remote.md5:
        raise InputError(f"is there, and is not what is published; {advice}", source=target,
                         field="md5", expected=remote.md5, found=md5)  # fmt: skip
    if before is not None and digest != before.get("sha256"):
        raise InputError(f"is no longer what was fetched; {advice}", source=target,
                         field="sha256", expected=before.get("sha256"), found=digest)  # fmt: skip
    checked = "sha256 of what came before" if before is not None else "md5 published"
    return Fetched(target, target.stat().st_size, digest, checked, new=False)


def _bring(
    of: PublicSet,
    remote: Remote,
    address: str,
    target: Path,
    before: dict[str, Any] | None,
    advance: Advance,
) -> Fetched:
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)
    url = address.rstrip("/") + "/" + remote.path
    known = f"md5:{remote.md5}" if remote.md5 is not None and remote.member is None else None
    how, came = _Resuming(remote, target, advance), came_of(target)
    try:
        pooch.retrieve(url, known, fname=came.name, path=came.parent.absolute(), downloader=how)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "what came is not what is published, and was removed; the same command begins it anew",
            source=url, field="md5", expected=remote.md5, found=_found(error),
        ) from error  # fmt: skip
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", source=target) from error
    with naming(target):
        came.chmod(0o644)
        sync(came)
    digest, md5 = _digests(came)
    if before is not None and before.get("sha256") not in (None, digest):
        remove(came)
        raise InputError(
            f"the publisher's file is another than the one fetched on {before.get('fetched')}; "
            f"remove {record_beside(target).name} to take it all the same",
            source=url, field="sha256", expected=before.get("sha256"), found=digest,
        )  # fmt: skip
    checked = how.known() if known is None else f"md5 published: {remote.md5}"
    content = {
        "url": url,
        "member": remote.member,
        "data set": of.title,
        "doi": of.doi,
        "licence": of.licence,
        "citation": of.citation,
        "bytes": came.stat().st_size,
        "sha256": digest,
        "md5": md5,
        "checked": checked,
        "fetched": datetime.now(UTC).date().isoformat(),
    }
    record = record_beside(target)
    with naming(record):
        write_json(record, content)
    with naming(target):
        discard(part_of(target))
        came.replace(target)
        remove(record_of(came))
    return Fetched(target, target.stat().st_size, digest, checked, new=True)


class _Resuming:
    """How pooch downloads: into a part that is kept; once that is whole, it is the file."""

    def __init__(self, remote: Remote, target: Path, advance: Advance) -> None:
        self._remote, self._target, self._advance = remote, target, advance
        self.checked = "nothing: no checksum is published; sha256 recorded for the next time"

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        part, remote = part_of(self._target), self._remote
        if remote.member is None:
            piece = Piece(url, n_bytes=remote.n_bytes)
            found = download(piece, part, advance=self._advance)
            if found.md5 is not None:
                self._compare(part, found.md5, url)
            with naming(self._target):
                self._keep()
                part.replace(output_file)
            return
        member: Member = find_member(url, remote.member, remote.n_bytes)
        download(member.piece, part, spare=member.n_bytes, advance=self._advance)
        try:
            unpack_member(member, part, Path(output_file))
        except InputError:
            discard(part)
            raise
        self.checked = f"CRC-32 in the directory of the zip file: {member.crc:08x}"
        with naming(self._target):
            self._keep()

    def _keep(self) -> None:
        """Write down what was compared, for a call that finds the file come already."""
        write_json(record_of(came_of(self._target)), {"checked": self.checked})

    def known(self) -> str:
        """What the file was compared with, now or by a call before."""
        kept = record_of(came_of(self._target))
        return str(read_json(kept).get("checked", self.checked)) if kept.is_file() else self.checked

    def _compare(self, part: Path, stated: str, url: str) -> None:
        _, md5 = _digests(part)
        if md5 != stated:
            discard(part)
            raise InputError(
                "what came is not what the server says of it; the same command begins it anew",
                source=url, field="md5", expected=stated, found=md5,
            )  # fmt: skip
        self.checked = f"md5 stated by the server: {stated}"


def _digests(path: Path) -> tuple[str, str]:
    """Sha256 and md5, in one walk through a file."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            sha256.update(piece)
            md5.update(piece)
    return sha256.hexdigest(), md5.hexdigest()


def _found(error: Exception) -> str:
    """The checksum that pooch found, from what it says."""
    words = str(error).replace(".", " ").split()
    return next((w for w in words if len(w) == 32 and w.isalnum()), "another")


def _unpacked(found: Fetched) -> Fetched:
    """With the archive unpacked into a folder beside it; once, whole or not at all.

    Raises
    ------
    InputError
        If it is no archive, is damaged, or would write outside of the folder; or if a folder of
        that name is there which did not come from it.
    """
    ending = next((e for e in ARCHIVES if found.path.name.endswith(e)), None)
    if ending is None:
        return found
    target = found.path.with_name(found.path.name.removesuffix(ending))
    if not target.exists():
        check_disk(target, found.n_bytes)
        partial = partial_of(target)
        try:
            with naming(target):
                remove_stale(target.parent, target.name)
                if ending == ".zip":
                    with zipfile.ZipFile(found.path) as archive:
                        archive.extractall(partial)
                else:
                    with tarfile.open(found.path, "r|gz") as tar:
                        tar.extractall(partial, filter="data")
                (partial / ORIGIN).write_text(found.sha256)
                publish(partial, target)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"cannot be unpacked: {error}", source=found.path) from error
        finally:
            remove(partial)
    elif not (target / ORIGIN).is_file() or (target / ORIGIN).read_text() != found.sha256:
        raise InputError(
            "is there, and not known to be what this archive holds; remove it to unpack again",
            source=target, expected=found.path.name,
        )  # fmt: skip
    return Fetched(
        found.path, found.n_bytes, found.sha256, found.checked, found.new, unpacked=target
    )
