"""DeepMind glassy-dynamics pickles, read without the power to run what they say.

V. Bapst et al., Nat. Phys. 16, 448 (2020). Target positions are lists [time][trajectory] of
(N, 3), unwrapped; the ten times are points where the intermediate scattering function reaches
``is_values``, which is not the order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...geometry.periodic import FloatArray, wrap
from ..configuration import Configuration
from ..entry import Entry
from ..potential import KOB_ANDERSEN
from ..species import whole_numbers
from . import safe_pickle
from .botan import propensity_of
from .format import Format, one_each

# By what part the mean over few stored end states may differ from that over all trajectories.
AGREEMENT = 0.2

KEYS = (
    "positions",
    "types",
    "box",
    "time",
    "time_indices",
    "trajectory_target_positions",
)


def load_arrays(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle file of NumPy arrays and builtins.

    Raises
    ------
    InputError
        If the file is damaged, holds anything else, or is not a dictionary.
    """
    content = safe_pickle.load(path)
    if not isinstance(content, dict):
        raise InputError(
            "not a glassy-dynamics file",
            source=path,
            expected="a dictionary",
            found=type(content).__name__,
        )
    return content


def read(path: Path) -> Configuration:
    """Read one configuration with its trajectories at every stored time."""
    content = load_arrays(path)
    for key in KEYS:
        if key not in content:
            raise InputError("missing key", source=path, field=key, found=sorted(map(str, content)))
    try:
        box = _flat(content["box"]).astype(np.float64)
        positions = np.asarray(_array(content["positions"]), dtype=np.float64)
        types = whole_numbers(_flat(content["types"]), path, "types")
        ends = _stacked(content["trajectory_target_positions"], path.stat().st_size)
        grid = _flat(content["time"]).astype(np.float64)
        indices = whole_numbers(_flat(content["time_indices"]), path, "time_indices")
        stored = None if "targets" not in content else _rows(content["targets"])
    except InputError:
        raise
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(f"arrays of unexpected shape: {error}", source=path) from error
    _validate(path, box, positions, types, grid, indices)
    times = grid[indices]
    folded = wrap(positions, box)
    fewer = stored is not None and ends.ndim == 4 and 0 < len(ends) < len(times)
    n_stated = len(ends) if fewer else len(times)
    if (
        ends.ndim != 4
        or ends.shape != (n_stated, *ends.shape[1:2], *positions.shape)
        or not ends.size
    ):
        raise InputError(
            "has the wrong shape",
            source=path,
            field="trajectory_target_positions",
            expected=(len(times), "trajectories", *positions.shape),
            found=ends.shape,
        )
    if not np.isfinite(ends).all():
        raise InputError(
            "not a finite number", source=path, field="trajectory_target_positions",
            found=f"entry {np.argwhere(~np.isfinite(ends))[0].tolist()}",
        )  # fmt: skip
    ends = ends + (folded - positions)
    # Two scattering values can fall on the same stored time.
    unique, order = np.unique(times, return_index=True)
    targets: dict[str, Any]
    if fewer:
        assert stored is not None
        measured, _, _ = propensity_of(folded, ends)
        targets = {"propensity": _checked(path, stored, measured, len(times))[order]}
    else:
        same = np.flatnonzero(np.isin(np.arange(len(times)), order, invert=True))
        for k in same:
            if not np.array_equal(ends[k], ends[order][unique == times[k]][0]):
                raise InputError(
                    "two sets of end states at one time", source=path, field="time_indices",
                    found=f"t = {times[k]:g}",
                )  # fmt: skip
        ends = ends[order]
        propensity, standard_error, halves = propensity_of(folded, ends)
        targets = {
            "propensity": propensity,
            "propensity_error": standard_error,
            "propensity_halves": halves,
            "end_positions": ends,
            "n_trajectories": ends.shape[1],
        }
    metadata = content.get("metadata") or {}
    temperature = metadata.get("temperature") if isinstance(metadata, dict) else None
    if isinstance(temperature, bool) or not isinstance(temperature, (int, float)):
        temperature = None
    return Configuration(
        types=types,
        box=box,
        positions=folded,
        times=unique,
        **targets,
        temperature=None if temperature is None else float(temperature),
        potential=KOB_ANDERSEN,
        source=str(path),
    )


def _validate(
    path: Path,
    box: NDArray[np.float64],
    positions: NDArray[np.float64],
    types: NDArray[np.int64],
    grid: NDArray[np.float64],
    indices: NDArray[np.int64],
) -> None:
    if positions.ndim != 2 or positions.shape[1:] != (3,) or len(positions) == 0:
        raise InputError("has the wrong shape", source=path, field="positions",
                         expected=("particles", 3), found=positions.shape)  # fmt: skip
    shapes: tuple[tuple[str, NDArray[Any], tuple[int, ...]], ...] = (
        ("box", box, (3,)),
        ("types", types, positions.shape[:1]),
        ("time", grid, grid.shape if grid.ndim == 1 else (grid.size,)),
        ("time_indices", indices, indices.shape if indices.ndim == 1 else (indices.size,)),
    )
    for name, array, shape in shapes:
        if array.shape != shape or array.size == 0:
            raise InputError(
                "has the wrong shape", source=path, field=name, expected=shape, found=array.shape
            )
    for name, array in (("box", box), ("positions", positions)):
        if not np.isfinite(array).all():
            raise InputError("not a finite number", source=path, field=name)
    if (box <= 0).any():
        raise InputError("edge lengths must be positive", source=path, field="box", found=box)
    if not np.isin(types, (0, 1)).all():
        raise InputError("particle types out of range", source=path, field="types",
                         expected="0 or 1", found=sorted(set(types.tolist()))[:8])  # fmt: skip
    if indices.min() < 0 or indices.max() >= len(grid):
        raise InputError(
            "out of range", source=path, field="time_indices", expected=f"0 to {len(grid) - 1}",
            found=f"{indices.min()} to {indices.max()}",
        )  # fmt: skip


def _checked(
    path: Path, targets: NDArray[np.float64], measured: FloatArray, n_times: int
) -> NDArray[np.float64]:
    """(T, N) ``targets``, if they are mean displacements at the times of ``time_indices``.

    The publishers do not describe them. What shows their meaning are the end states at the first of
    the times, ``measured`` (fewer than T, N).

    Raises
    ------
    InputError
        If their number is not that of the times, or they are not near what the end states say.
    """
    if targets.shape != (n_times, measured.shape[1]):
        raise InputError(
            "has the wrong shape", source=path, field="targets",
            expected=(n_times, measured.shape[1]), found=targets.shape,
        )  # fmt: skip
    stated, found = targets[: len(measured)].mean(axis=1), measured.mean(axis=1)
    if not (np.abs(stated - found) <= AGREEMENT * found).all():
        raise InputError(
            "are not the mean displacements of the end states beside them", source=path,
            field="targets", expected=f"means near {found.tolist()}", found=stated.tolist(),
        )  # fmt: skip
    return targets


def _rows(value: Any) -> NDArray[np.float64]:
    """(T, N) from an array, or a list of arrays."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float64)
    return np.array([_array(row) for row in value], dtype=np.float64)


def _array(value: Any) -> NDArray[Any]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"array expected, found {type(value).__name__}")
    return value


def _flat(value: Any) -> NDArray[Any]:
    """An array, or a list of plain numbers: not of lists, which a small file can make large."""
    if isinstance(value, (list, tuple)) and all(isinstance(v, (int, float)) for v in value):
        return np.array(value)
    return _array(value)


def _stacked(value: Any, n_bytes: int) -> NDArray[np.float64]:
    """One array of the lists [time][trajectory] of (N, 3)."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float64)
    rows = [[_array(end) for end in row] for row in value]
    # The same array many times over makes a large one of a small file.
    if sum(end.nbytes for row in rows for end in row) > n_bytes:
        raise ValueError("more data than the file holds")
    return np.array(rows, dtype=np.float64)


def open_files(files: Sequence[Path], species: Sequence[str] | None) -> list[Entry]:
    """One configuration for each file."""
    return one_each("DeepMind", read, files)


FORMAT = Format(
    "DeepMind",
    claims=lambda file: file.head[:1] == b"\x80" or file.path.suffix in (".pickle", ".pkl"),
    open=open_files,
)
