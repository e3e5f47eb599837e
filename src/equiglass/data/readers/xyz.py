"""One frame of an extended xyz file, through ASE, with every cell accounted for.

ASE passes over columns in excess, puts particles without a position at the origin, and knows
chemical symbols only: names of species are read here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ..species import NAME_ARRAY
from .series import Stamp, stamp_of
from .table import in_order_of_ids

if TYPE_CHECKING:
    from ase import Atoms

DEFAULT = "species:S:1:pos:R:3"


def parse_frame(text: str, source: str) -> Atoms:
    """The particles of one frame, in the order of their ids if it has some.

    Raises
    ------
    InputError
        If rows do not fit ``Properties``, there are no positions, or an id appears twice.
    """
    import ase.io

    lines = text.split("\n")
    properties = str(_stated(lines[1]).get("Properties", DEFAULT))
    words = properties.split(":")
    columns: dict[str, tuple[str, int, int]] = {}
    width = 0
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=True):
        columns[name] = kind, int(count), width
        width += int(count)
    if columns.get("pos", ("", 0, 0))[:2] != ("R", 3):
        raise InputError("no positions", source=source, field="Properties",
                         expected="pos:R:3", found=properties)  # fmt: skip
    rows = [line.split() for line in lines[2:] if line.strip()]
    for k, row in enumerate(rows):
        if len(row) != width:
            raise InputError(
                f"truncated or damaged: row {k + 1} of the particles has not as many columns "
                "as Properties says",
                source=source, expected=width, found=len(row),
            )  # fmt: skip
    names: list[str] | None = None
    if "species" in columns:
        _, _, at = columns["species"]
        names = [row[at] for row in rows]
        for row in rows:
            row[at] = "X"
    content = "\n".join([lines[0], lines[1], *(" ".join(row) for row in rows)]) + "\n"
    atoms: Any = ase.io.read(io.StringIO(content), format="extxyz")
    if names is not None:
        atoms.arrays[NAME_ARRAY] = np.array(names)
    return in_order_of_ids(atoms, source)


def xyz_stamp(lines: Iterable[str], source: str) -> Stamp:
    """When a frame was taken, from its comment.

    Raises
    ------
    InputError
        For what is no number.
    """
    _, comment = islice(lines, 2)
    return stamp_of(_stated(comment), source)


def _stated(comment: str) -> dict[str, Any]:
    """What the second line of a frame says."""
    from ase.io.extxyz import key_val_str_to_dict

    comment = comment.strip()
    return dict(key_val_str_to_dict(comment)) if comment else {}  # type: ignore[no-untyped-call]
