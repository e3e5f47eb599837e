"""BOTAN: one npz per configuration and time, with the end state of every trajectory.

H. Shiba, M. Hanai, T. Suzumura, T. Shimokawabe, J. Chem. Phys. 158, 084503 (2023).
``types`` (N,) 0 or 1; ``initial_positions`` (N, 3) in [0, L); ``positions`` (R, N, 3), unwrapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...geometry.periodic import FloatArray, wrap
from ..configuration import Configuration
from ..entry import Entry
from ..potential import KOB_ANDERSEN
from ..times import ka3d_relaxation_time, ka3d_times
from .format import Format
from .npz import check_extent, open_archive, parse_name, stated_temperature

DENSITY = 1.2


def matches(keys: set[str]) -> bool:
    """Whether an archive with these arrays is a BOTAN file."""
    return {"initial_positions", "positions"} <= keys and not {"md_prop", "bb_prop", "box"} & keys


def group_key(path: Path) -> str:
    """Files that share this key are one configuration at different times."""
    match = parse_name(path)
    if match is None:
        return path.name
    return f"N{match['n']}T{match['temperature']}_{match['index']}"


def propensity_of(
    positions: FloatArray, end_positions: FloatArray
) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
    """Mean |r(t) - r(0)|, its standard error and its two halves over trajectories.

    ``positions`` (N, 3) and ``end_positions`` (T, R, N, 3), unwrapped: displacements are not
    folded. Returns (T, N), (T, N) and (T, 2, N); the last two are None for a single trajectory.
    """
    lengths = np.linalg.norm(end_positions - positions, axis=3)
    n = lengths.shape[1]
    if n < 2:
        return lengths.mean(axis=1), None, None
    halves = np.stack([lengths[:, 0::2].mean(axis=1), lengths[:, 1::2].mean(axis=1)], axis=1)
    return lengths.mean(axis=1), lengths.std(axis=1, ddof=1) / n**0.5, halves


def read(paths: list[Path]) -> Configuration:
    """Read one configuration from its file, or from one file for each of several times.

    Raises
    ------
    InputError
        For a missing key, a wrong shape, files of one configuration that disagree, or positions
        that do not fill the box of density 1.2.
    """
    first = paths[0]
    match = parse_name(first)
    times: list[float] = []
    ends: list[FloatArray] = []
    reference = types = None
    for path in paths:
        with open_archive(path) as archive:
            own_types = archive.types((0, 1))
            n = len(own_types)
            initial = archive.finite("initial_positions", (n, 3))
            ends.append(archive.finite("positions", (None, n, 3)))
        if len(ends[-1]) == 0:
            raise InputError("no trajectories", source=path, field="positions")
        time = _time(path)
        if time in times:
            raise InputError(
                f"is the same configuration at the same time as {paths[times.index(time)].name}",
                source=path,
            )
        times.append(time)
        for field, own, other in (
            ("types", own_types, types),
            ("initial_positions", initial, reference),
        ):
            if other is not None and not np.array_equal(own, other):
                raise InputError(
                    f"are others than in {first.name}, of the same configuration",
                    source=path,
                    field=field,
                )
        reference, types = initial, own_types
    assert reference is not None and types is not None
    length = (len(types) / DENSITY) ** (1 / 3)
    check_extent(reference, length, first, "initial_positions")
    box = np.full(3, length)
    if len({e.shape for e in ends}) > 1:
        raise InputError(
            "the times have different numbers of trajectories",
            source=first,
            field="positions",
            found=[len(e) for e in ends],
        )
    order = np.argsort(times)
    positions = wrap(reference, box)
    end_positions = np.stack([ends[k] for k in order]) + (positions - reference)
    propensity, error, halves = propensity_of(positions, end_positions)
    temperature = stated_temperature(first)
    return Configuration(
        types=types,
        box=box,
        positions=positions,
        times=np.array(times)[order],
        propensity=propensity,
        propensity_error=error,
        propensity_halves=halves,
        end_positions=end_positions,
        n_trajectories=end_positions.shape[1],
        temperature=temperature,
        relaxation_time=ka3d_relaxation_time(temperature),
        potential=KOB_ANDERSEN,
        index=int(match["index"]) if match else None,
        source=str(first),
    )


def _time(path: Path) -> float:
    """The lag time from the time code in the name: tc07 is the seventh published time."""
    match = parse_name(path)
    if match is None or match["time"] is None:
        raise InputError(
            "the file name gives no temperature and time",
            source=path,
            expected="a name such as isoconfig_N4096T0.44_1_tc07.npz",
        )
    grid = ka3d_times(float(match["temperature"]))
    code = int(match["time"])
    if grid is None or not 1 <= code <= len(grid):
        raise InputError(
            "no published time for this temperature and time code",
            source=path,
            found=f"T = {match['temperature']}, tc{code:02d}",
        )
    return grid[code - 1]


def open_files(files: Sequence[Path], species: Sequence[str] | None) -> list[Entry]:
    """The configurations in these files; those of one at different times are joined."""
    groups: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        groups.setdefault((file.parent, group_key(file)), []).append(file)
    return [
        Entry(str(group[0]), "BOTAN", partial(read, group), None, stated_temperature(group[0]))
        for group in groups.values()
    ]


FORMAT = Format(
    "BOTAN",
    claims=lambda file: file.is_npz,
    open=open_files,
    matches=lambda file: matches(file.keys),
    expects="types, initial_positions, positions",
)
