"""The project's own stores, as a folder or a zip file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ...errors import InputError
from ..archive import ZIP_ENDING, is_store
from ..entry import Entry
from ..store import read_configuration, read_records
from .format import Format, Species

NAME = "equiglass store"
# Starts of a chain, as :mod:`equiglass.simulation.seeds` names them.
START = re.compile(r"(?P<chain>.+-C\d+)-S\d+")


def chain_of(name: str, store: Path) -> str | None:
    """The chain that a configuration is a start of; None if it is none."""
    match = START.fullmatch(name)
    return f"{store}/{match['chain']}" if match else None


def open_files(stores: Sequence[Path], species: Species) -> list[Entry]:
    """Every configuration of these stores, with its split and temperature."""
    entries = []
    for store in stores:
        records = read_records(store)
        if not records:
            raise InputError("the store holds no configuration", source=store)
        entries += [
            Entry(
                f"{store}/{name}",
                NAME,
                partial(read_configuration, store, name),
                record.split,
                record.temperature,
                run=chain_of(name, store),
            )
            for name, record in records.items()
        ]
    return entries


FORMAT = Format(
    NAME,
    claims=lambda file: (
        file.path.name.endswith((".zarr", ZIP_ENDING))
        or ((file.path.is_dir() or file.head.startswith(b"PK")) and is_store(file.path))
    ),
    open=open_files,
)
