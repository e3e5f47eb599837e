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
from ...geometry.periodic import wrap
from ..configuration import Configuration
from ..entry import Entry
from ..potential import KOB_ANDERSEN
from . import safe_pickle
from .botan import propensity_of
from .format import Format, one_each

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
            raise InputError("missing key", source=path, field=key, found=sorted(content))
    try:
        box = _flat(content["box"]).astype(np.float64)
        positions = np.asarray(_array(content["positions"]), dtype=np.float64)
        types = _flat(content["types"]).astype(np.int64)
        ends = _stacked(content["trajectory_target_positions"], path.stat().st_size)
        times = _flat(content["time"]).astype(np.float64)[_flat(content["time_indices"])]
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(f"arrays of unexpected shape: {error}", source=path) from error
    for name, array, shape in (
        ("box", box, (3,)),
        ("types", types, (types.size,)),
        ("positions", positions, (types.size, 3)),
        ("time", times, (times.size,)),
    ):
        if array.shape != shape:
            raise InputError(
                "has the wrong shape", source=path, field=name, expected=shape, found=array.shape
            )
    if ends.ndim != 4 or ends.shape[0] != len(times) or ends.shape[2:] != positions.shape:
        raise InputError(
            "has the wrong shape",
            source=path,
            field="trajectory_target_positions",
            expected=(len(times), "trajectories", *positions.shape),
            found=ends.shape,
        )
    # Two scattering values can fall on the same stored time.
    times, order = np.unique(times, return_index=True)
    folded = wrap(positions, box)
    ends = ends[order] + (folded - positions)
    propensity, standard_error, halves = propensity_of(folded, ends)
    metadata = content.get("metadata") or {}
    temperature = metadata.get("temperature") if isinstance(metadata, dict) else None
    return Configuration(
        types=types,
        box=box,
        positions=folded,
        times=times,
        propensity=propensity,
        propensity_error=standard_error,
        propensity_halves=halves,
        end_positions=ends,
        n_trajectories=ends.shape[1],
        temperature=float(temperature) if isinstance(temperature, (int, float)) else None,
        potential=KOB_ANDERSEN,
        source=str(path),
    )


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
