"""What of a frame becomes columns of a file of particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.fields import FIELDS, REQUIRED_FIELDS
from ..errors import one_line
from .frames import About, FrameResult

if TYPE_CHECKING:
    from ase import Atoms

Array = NDArray[np.floating[Any]]
# What is known of each particle before anything is predicted.
KNOWN = tuple(
    name
    for name, f in FIELDS.items()
    if f.shape in (("N",), ("N", 3)) and name not in REQUIRED_FIELDS
)


def known_columns(result: FrameResult) -> dict[str, Array]:
    """(N,) and (N, 3) fields of the frame, by name."""
    known = result.configuration.known
    return {name: known[name] for name in KNOWN if name in known}


def made_columns(about: About, result: FrameResult) -> dict[str, Array]:
    """(N,) of each column that the command made."""
    return {
        column: result.values[q.key][:, k]
        for q in about.quantities
        for k, column in enumerate(q.columns)
    }


def ids_of(result: FrameResult) -> NDArray[np.int64]:
    """(N,) as the data have them, else from 1."""
    ids = result.moment.ids
    return np.arange(1, len(result.configuration) + 1) if ids is None else ids


def as_atoms(about: About, result: FrameResult) -> Atoms:
    """:class:`ase.Atoms` with what was made as arrays, and the rest in ``info``."""
    from ..data.atoms import POTENTIAL, to_ase

    atoms = to_ase(result.configuration)
    moment = result.moment
    if moment.ids is not None:
        atoms.arrays["id"] = np.asarray(moment.ids)
    if moment.images is not None:
        atoms.arrays["image"] = moment.images
    for name, values in made_columns(about, result).items():
        atoms.arrays[name] = np.array(values)
    if moment.time is not None:
        atoms.info["time"] = moment.time
    if moment.step is not None:
        atoms.info["step"] = moment.step
    atoms.info["frame"] = moment.number
    if about.times:
        atoms.info["predicted_times"] = np.asarray(about.times)
    if about.model:
        atoms.info["model"] = one_line(about.model)
    if about.potential is not None:
        atoms.info[POTENTIAL] = about.potential.model_dump_json()
    outside = about.outside(result.departures)
    if outside:
        atoms.info["outside_domain"] = one_line(outside)
    if about.calibration is not None:
        atoms.info["calibration"] = one_line(about.calibration)
    if about.extra is not None:
        atoms.info["extra_simulation"] = one_line(str(about.extra))
    if about.assumed:
        atoms.info["assumed"] = one_line("; ".join(about.assumed))
    return atoms
