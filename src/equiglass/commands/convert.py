"""``equiglass convert``: any readable data as a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset, read
from ..data.entry import Entry
from ..data.fields import FIELDS, REQUIRED_FIELDS
from ..data.readers import stores
from ..data.store import write_store
from ..errors import InputError
from ..progress import track
from .options import PathLike, check_output

NEEDED = frozenset({*REQUIRED_FIELDS, "times"})


def convert(
    data: Data,
    out: PathLike,
    *,
    drop: Sequence[str] = (),
    species: Sequence[str] | None = None,
    progress: bool = False,
) -> Dataset:
    """Write a data set to the project's own Zarr store, without loss; returns the new one.

    Parameters
    ----------
    drop
        Fields to leave out, such as ``end_positions``.

    Raises
    ------
    InputError
        If ``out`` exists, a field cannot be left out, or a configuration cannot be read.
    """
    for name in drop:
        if name not in FIELDS or name in NEEDED:
            raise InputError(
                "cannot be left out", field=name, expected=sorted(set(FIELDS) - NEEDED)
            )
    target = Path(out)
    if target.exists():
        raise InputError("exists already; choose a new name", source=target)
    check_output(target, folder=target.suffix != ".zip")
    dataset = as_dataset(data, species=species)
    with track("convert", len(dataset), enabled=progress) as advance:

        def rows() -> Iterator[tuple[str, Configuration, str | None]]:
            for k, entry in enumerate(dataset.entries):
                configuration = entry.load().replace(**dict.fromkeys(drop))
                yield _name(k, entry), configuration, entry.split
                advance()

        write_store(target, rows())
    return read(target)


def _name(k: int, entry: Entry) -> str:
    """A store keeps the names of its configurations; files are numbered."""
    return Path(entry.name).name if entry.format == stores.NAME else f"{k:05d}"
