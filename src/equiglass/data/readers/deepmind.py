"""DeepMind glassy-dynamics pickles, through an unpickler that admits NumPy arrays only.

V. Bapst et al., Nat. Phys. 16, 448 (2020). Target positions are lists [time][trajectory] of
(N, 3), unwrapped; the ten times are points where the intermediate scattering function reaches
``is_values``, which is not the order of time.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...geometry.periodic import wrap
from ..configuration import Configuration
from ..potential import KOB_ANDERSEN
from .botan import propensity_of

KEYS = (
    "positions",
    "types",
    "box",
    "time",
    "time_indices",
    "trajectory_target_positions",
)

_ADMITTED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy.core.multiarray", "scalar"): np._core.multiarray.scalar,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "scalar"): np._core.multiarray.scalar,  # type: ignore[attr-defined]
}


class _ArrayUnpickler(pickle.Unpickler):
    """Knows the constructors of NumPy arrays and nothing else, so no file can run code."""

    def __init__(self, file: io.BufferedIOBase, path: Path) -> None:
        super().__init__(file, encoding="latin1")
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise InputError(
                "the pickle wants to run code and was not loaded",
                source=self._path,
                expected="NumPy arrays, lists, dicts, numbers and strings",
                found=f"{module}.{name}",
            ) from None


def load_arrays(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle file of NumPy arrays and builtins.

    Raises
    ------
    InputError
        If the file is damaged, holds anything else, or is not a dictionary.
    """
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, path).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"not a readable pickle: {error}", source=path) from error
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
        box = np.asarray(content["box"], dtype=np.float64)
        positions = np.asarray(content["positions"], dtype=np.float64)
        types = np.asarray(content["types"]).astype(np.int64)
        ends = np.asarray(content["trajectory_target_positions"], dtype=np.float64)
        times = np.asarray(content["time"], dtype=np.float64)[np.asarray(content["time_indices"])]
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"arrays of unexpected shape: {error}", source=path) from error
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
        temperature=float(temperature) if temperature is not None else None,
        potential=KOB_ANDERSEN,
        source=str(path),
    )
