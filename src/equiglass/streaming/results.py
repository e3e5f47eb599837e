"""The result of one frame as a file: whole or not there, and checked when it is read."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.accuracy import Accuracy
from ..data.configuration import Configuration
from ..data.fields import FIELDS
from ..data.moments import Moment
from ..data.potential import Potential
from ..data.relaxation import RelaxationTime
from ..errors import InputError
from ..evaluation.frames import FrameResult
from ..models.ranges import Departure
from ..simulation.work import load_arrays, save_arrays

_METADATA = ("temperature", "index", "source", "n_trajectories", "periodic")
# Trajectories of ensembles are no part of any output.
_LEFT_OUT = tuple(name for name, f in FIELDS.items() if "R" in f.shape or "S" in f.shape)


def save_result(file: Path, result: FrameResult, origin: str) -> None:
    """Write it, with the fingerprint of what it was made from.

    Raises
    ------
    InputError
        If the disk is full or not writable.
    """
    c, m = result.configuration, result.moment
    record = {
        "origin": origin,
        "number": m.number,
        "time": m.time,
        "step": m.step,
        "departures": [asdict(one) for one in result.departures],
        "states": None if result.states is None else dict(result.states),
        "potential": None if c.potential is None else c.potential.model_dump(mode="json"),
        "accuracy": None if c.accuracy is None else c.accuracy.model_dump(mode="json"),
        "relaxation_time": None if c.relaxation_time is None else asdict(c.relaxation_time),
        **{name: getattr(c, name) for name in _METADATA},
    }
    arrays: dict[str, Any] = {f"field.{n}": a for n, a in c.known.items() if n not in _LEFT_OUT}
    arrays |= {f"value.{key}": values for key, values in result.values.items()}
    for name, array in (("ids", m.ids), ("images", m.images)):
        if array is not None:
            arrays[name] = array
    save_arrays(file, record=np.array(json.dumps(record)), **arrays)


def _record(arrays: dict[str, NDArray[Any]], file: Path) -> dict[str, Any]:
    try:
        record = json.loads(str(arrays["record"]))
        return dict(record)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError("damaged: no record of a frame", source=file) from error


def load_origin(file: Path) -> str | None:
    """The fingerprint of what a result was made from; None if it is not there or damaged."""
    try:
        return str(_record(load_arrays(file), file)["origin"])
    except (InputError, KeyError):
        return None


def load_result(file: Path) -> FrameResult:
    """What :func:`save_result` wrote.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    arrays = load_arrays(file)
    record = _record(arrays, file)
    try:
        fields = _with_prefix(arrays, "field.")
        potential, tau = record["potential"], record["relaxation_time"]
        accuracy = record["accuracy"]
        configuration = Configuration(
            **fields,
            **{name: record[name] for name in _METADATA if name != "periodic"},
            periodic=tuple(record["periodic"]),
            potential=None if potential is None else Potential.model_validate(potential),
            accuracy=None if accuracy is None else Accuracy.model_validate(accuracy),
            relaxation_time=None if tau is None else RelaxationTime(**tau),
        )
        moment = Moment(
            configuration,
            record["number"],
            record["time"],
            record["step"],
            arrays.get("ids"),
            arrays.get("images"),
        )
        departures = tuple(Departure(**one) for one in record["departures"])
        values = _with_prefix(arrays, "value.")
        return FrameResult(moment, values, departures, record.get("states"))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError("damaged: no record of a frame", source=file) from error


def _with_prefix(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, Any]:
    found = {n: a for n, a in arrays.items() if n.startswith(prefix)}
    return {name.removeprefix(prefix): array for name, array in found.items()}
