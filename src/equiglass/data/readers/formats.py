"""The table of formats; the first that recognises a file reads it."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from . import ase_files, botan, deepmind, glassbench, glassbench_trajectories, gsd_files, stores
from .format import File, Format

OWN: tuple[Format, ...] = (
    stores.FORMAT,
    botan.FORMAT,
    glassbench.FORMAT,
    glassbench_trajectories.FORMAT,
    deepmind.FORMAT,
    gsd_files.FORMAT,
)
FORMATS: tuple[Format, ...] = (*OWN, ase_files.FORMAT)


def recognise(path: Path) -> Format | None:
    """The format of a file, by content and ending; None if no format claims it.

    Raises
    ------
    InputError
        If formats claim it and it fits none of them, or it is damaged.
    """
    file = File(path)
    claiming = [f for f in OWN if f.claims(file)]
    # ASE tries the marks of a hundred formats, which takes longer than to read a small file.
    if not claiming and ase_files.FORMAT.claims(file):
        return ase_files.FORMAT
    for format in claiming:
        if format.matches(file):
            return format
    if claiming:
        raise InputError(
            "missing key: fits no format of its kind",
            source=path,
            expected=" or ".join(f"{f.name} ({f.expects})" for f in claiming),
            found=sorted(file.keys)[:8],
        )
    return None
