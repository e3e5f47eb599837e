"""``equiglass fetch``: the public data sets, from their publishers."""

from __future__ import annotations

from pathlib import Path

from ..fetching.files import Fetched, fetch_file
from ..fetching.sets import public_set
from ..progress import track_bytes
from .options import PathLike


def fetch(
    name: str,
    part: str | None = None,
    folder: PathLike | None = None,
    *,
    unpack: bool = False,
    mirror: str | None = None,
    progress: bool = False,
) -> list[Fetched]:
    """Fetch a part of a public data set; what is here already is checked and left.

    A connection that breaks is taken up again, and the same call goes on with what an ended
    process has left. What came is compared with the checksum that is published, that the server
    states, or, of a member of a zip file, that stands in its directory; its sha256 is written
    beside it in ``NAME.fetched.json`` and compared by the next call.

    Parameters
    ----------
    name
        ``glassbench``, ``botan`` or ``deepmind``.
    part
        Which, see :data:`equiglass.fetching.sets.SETS`; not needed where there is one.
    folder
        Where it goes, by default a folder of that name here.
    unpack
        Whether an archive is unpacked beside itself.
    mirror
        Address to use in place of the publisher's.

    Raises
    ------
    InputError
        If there is no such set or part, a package is missing, the server does not have it or sends
        something else, connections break without a byte more, or the disk is too small.
    """
    chosen = public_set(name)
    files = chosen.part(part).files
    target = Path(name if folder is None else folder)
    found = []
    for k, remote in enumerate(files):
        label = Path(remote.target).name if len(files) == 1 else f"{k + 1} of {len(files)}"
        with track_bytes(label, enabled=progress) as advance:
            found.append(
                fetch_file(
                    chosen,
                    remote,
                    target,
                    address=mirror or chosen.address,
                    unpack=unpack,
                    advance=advance,
                )
            )
    return found
