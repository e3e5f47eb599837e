"""GlassBench's trajectories in two dimensions: one npz per configuration and time.

``KA2D_trajectories`` of Zenodo 10.5281/zenodo.10118191, CC-BY-4.0: ``box`` a scalar, ``types``
(N,) from 1, ``initial_positions`` (N, 2) and ``positions`` (R, N, 2), the end state of every
trajectory. At T = 0.23 coordinates are unwrapped, at T = 0.30 folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.periodic import FloatArray, minimum_image, wrap
from ..configuration import Configuration
from ..entry import Entry
from ..times import KA2D_CODES
from .botan import group_key, propensity_of
from .format import Format
from .glassbench import box_of
from .npz import check_extent, open_archive, parse_name, stated_temperature

PLANE = (True, True, False)


def matches(keys: set[str]) -> bool:
    """Whether an archive with these arrays holds trajectories in two dimensions."""
    return {"initial_positions", "positions", "box"} <= keys and not {"md_prop", "bb_prop"} & keys


def read(paths: list[Path]) -> Configuration:
    """Read one configuration from its file, or from one file for each of several times.

    Raises
    ------
    InputError
        For a missing key, a wrong shape, a time code that is not known, files of one
        configuration that disagree, or positions that do not fill the box.
    """
    first = paths[0]
    parts = {}
    for path in paths:
        time = _time(path)
        if time in parts:
            raise InputError("is a time of one configuration for the second time", source=path)
        parts[time] = _arrays(path)
    reference = parts[_time(first)]
    for path in paths[1:]:
        part = parts[_time(path)]
        for name, own, other in zip(("types", "box", "initial_positions", "inherent_positions"),
                                    part, reference, strict=False):  # fmt: skip
            if not np.array_equal(own, other):
                raise InputError(
                    f"are others than in {first.name}, of the same configuration",
                    source=path, field=name,
                )  # fmt: skip
        if part[4].shape != reference[4].shape:
            raise InputError(
                "the times have different numbers of trajectories", source=path, field="positions",
                expected=len(reference[4]), found=len(part[4]),
            )  # fmt: skip
    types, box, positions, inherent, _ = reference
    times = np.array(sorted(parts))
    ends = np.stack([parts[time][4] for time in times])
    propensity, error, halves = propensity_of(positions, ends)
    match = parse_name(first)
    return Configuration(
        types=types,
        box=box,
        positions=positions,
        inherent_positions=inherent if len(inherent) else None,
        periodic=PLANE,
        times=times,
        propensity=propensity,
        propensity_error=error,
        propensity_halves=halves,
        end_positions=ends,
        n_trajectories=ends.shape[1],
        temperature=stated_temperature(first),
        index=int(match["index"]) if match else None,
        source=str(first),
    )


Arrays = tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, FloatArray]


def _arrays(path: Path) -> Arrays:
    """Types (N,), box (3,), positions (N, 3), inherent positions or nothing, ends (R, N, 3)."""
    with open_archive(path) as archive:
        types = archive.types((1, 2, 3)) - 1
        n = len(types)
        box = box_of(archive, n, flat=True)
        initial = archive.finite("initial_positions", (n, 2))
        ends = archive.finite("positions", (None, n, 2))
        inherent: FloatArray = np.empty((0, 3))
        if "initial_positions_inherent" in archive:
            stored = archive["initial_positions_inherent"]
            if stored.size:
                inherent = archive.finite("initial_positions_inherent", (n, 2))
                inherent = wrap(_in_space(inherent), box, PLANE)
    if len(ends) == 0:
        raise InputError("no trajectories", source=path, field="positions")
    positions = wrap(_in_space(initial), box, PLANE)
    check_extent(positions[:, :2], float(box[0]), path, "initial_positions")
    moved = _in_space(ends - initial)
    if np.ptp(np.concatenate([initial, *ends]), axis=0).max() <= box[0] * (1 + 1e-3):
        # Nothing ever left the box: the coordinates are folded, and so are the displacements.
        moved = minimum_image(moved, box, PLANE)
    return types, box, positions, inherent, positions + moved


def _in_space(vectors: FloatArray) -> FloatArray:
    """(..., 3) from (..., 2), with z = 0."""
    return np.concatenate([vectors, np.zeros((*vectors.shape[:-1], 1))], axis=-1)


def _time(path: Path) -> float:
    match = parse_name(path)
    if match is None or match["time"] is None:
        raise InputError(
            "the file name gives no temperature and time", source=path,
            expected="a name such as N1290T0.23_202_tc05.npz",
        )  # fmt: skip
    codes = KA2D_CODES.get(round(float(match["temperature"]), 4), {})
    if int(match["time"]) not in codes:
        raise InputError(
            "no published time is known for this temperature and time code", source=path,
            expected=", ".join(f"tc{code:02d}" for code in codes) or "T = 0.23 or 0.30",
            found=f"T = {match['temperature']}, tc{match['time']}",
        )  # fmt: skip
    return codes[int(match["time"])]


def open_files(files: Sequence[Path], species: Sequence[str] | None) -> list[Entry]:
    """The configurations in these files; those of one at different times are joined."""
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        groups.setdefault((file.parent, group_key(file)), []).append(file)
    return [
        Entry(str(group[0]), FORMAT.name, partial(read, group), None, stated_temperature(group[0]))
        for group in groups.values()
    ]


FORMAT = Format(
    "GlassBench trajectories",
    claims=lambda file: file.is_npz,
    open=open_files,
    matches=lambda file: matches(file.keys),
    expects="types, initial_positions, positions, box",
)
