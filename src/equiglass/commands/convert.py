"""``equiglass convert``: any readable data as a store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..data.configuration import Configuration
from ..data.dataset import Dataset, read
from ..data.fields import FIELDS
from ..data.store import write_store
from ..errors import InputError
from ..progress import track
from ._prepared import Data, as_dataset
from .options import PathLike, check_output

NEEDED = frozenset({"types", "box", "positions", "times"})


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
    target = check_output(out, folder=True)
    if target.exists():
        raise InputError("exists already; choose a new name", source=target)
    dataset = as_dataset(data, species=species)
    # Written beside its final name, so that a failure half way leaves nothing that looks whole.
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with track("convert", len(dataset), enabled=progress) as advance:

        def rows() -> Iterator[tuple[str, Configuration, str | None]]:
            for k, entry in enumerate(dataset.entries):
                configuration = entry.load().replace(**dict.fromkeys(drop))
                yield _name(k, entry.name), configuration, entry.split
                advance()

        write_store(partial, rows())
    partial.replace(target)
    return read(target)


def _name(k: int, entry: str) -> str:
    """A store keeps the names of its configurations; files are numbered."""
    name = Path(entry).name
    return name if Path(entry).parent.suffix == ".zarr" else f"{k:05d}"
