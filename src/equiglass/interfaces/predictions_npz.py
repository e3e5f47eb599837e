"""Written predictions (npz) as :class:`ase.Atoms`, one for each frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.atoms import POTENTIAL, to_ase
from ..data.configuration import Configuration
from ..data.fields import FIELDS, REQUIRED_FIELDS
from ..data.readers.npz import member_names, open_archive
from ..errors import InputError
from ..evaluation.frames import columns_at
from ..evaluation.prediction import predicted_quantities
from ..simulation.target import TARGETS

if TYPE_CHECKING:
    from ase import Atoms

# What every file of predictions has, and no other npz that is read here.
MARKS = {"about", "configuration", "types", "positions", "box", "periodic", "frame"}
OF_FRAMES = ("frame", "frame_time", "source", "outside_domain", "accuracy")
# Not one of each particle's own: what becomes a column is found by its shape.
FIRST = {"configuration", *REQUIRED_FIELDS}


def are_predictions(path: Path) -> bool:
    """Whether a file is what ``predict``, ``represent`` or ``quench`` wrote."""
    return path.suffix == ".npz" and path.is_file() and member_names(path) >= MARKS


def read_predictions(path: Path, index: slice) -> Iterator[Atoms]:
    """The chosen frames: what was known and made of each particle is an array.

    Arrays over the times of the model have one for each, ``mobility_t4120`` or, of bonds,
    ``bonds_kept_t4120``; the rest is in ``info``.

    Raises
    ------
    InputError
        If the file is damaged, or its arrays do not fit each other.
    """
    with open_archive(path) as archive:
        arrays = {name: archive[name] for name in archive}
    owners, total = arrays["configuration"], len(arrays["configuration"])
    frames = len(arrays["box"])
    for name in OF_FRAMES:
        if name in arrays and len(arrays[name]) != frames:
            raise _wrong(path, name, f"{frames} frames", len(arrays[name]))
    if arrays["positions"].shape != (total, 3) or arrays["types"].shape != (total,):
        raise _wrong(path, "positions", f"{total} particles", arrays["positions"].shape)
    for k in range(frames)[index]:
        chosen = owners == k
        x, y, z = (bool(p) for p in arrays["periodic"][k])
        c = Configuration(
            types=arrays["types"][chosen].astype(np.int64),
            box=arrays["box"][k],
            positions=arrays["positions"][chosen],
            periodic=(x, y, z),
            source=f"{path}[{k}]",
        )
        atoms = to_ase(c)
        for name, values in _columns(arrays, total).items():
            atoms.arrays[name] = values[chosen]
        atoms.info |= _info(arrays, k)
        yield atoms


def _wrong(path: Path, name: str, expected: object, found: object) -> InputError:
    return InputError("does not fit", source=path, field=name, expected=expected, found=found)


def _columns(arrays: dict[str, NDArray[Any]], total: int) -> dict[str, NDArray[Any]]:
    """(N,) and (N, K) of all particles; (K, N) over times as one for each."""
    times = np.atleast_1d(arrays.get("times", np.empty(0)))
    listed = times.tolist()
    named = {
        q.name: q.columns
        for target in TARGETS.values()
        for q in predicted_quantities(
            listed, spread=True, states=True, joined=True, errors=True, target=target.name
        )
    }
    result: dict[str, NDArray[Any]] = {}
    for name, values in arrays.items():
        if name in FIRST or name in OF_FRAMES:
            continue
        if values.ndim == 2 and values.shape == (len(times), total) and name not in FIELDS:
            columns = named.get(name) or columns_at(name, listed)
            result |= dict(zip(columns, values, strict=True))
        elif values.ndim in (1, 2) and len(values) == total:
            result[name] = values
    return result


def _info(arrays: dict[str, NDArray[Any]], k: int) -> dict[str, Any]:
    found = {name: arrays[name][k].item() for name in OF_FRAMES if name in arrays}
    found["predicted_times"] = np.atleast_1d(arrays["times"])
    for name, key in (("model", "model"), ("potential", POTENTIAL)):
        text = str(arrays[name]) if name in arrays else ""
        if text:
            found[key] = text
    return {key: value for key, value in found.items() if not isinstance(value, str) or value}
