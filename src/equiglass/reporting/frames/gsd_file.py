"""GSD of schema hoomd; what was made is under ``log/particles/``, where OVITO looks for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ...data.configuration import TYPE_NAMES
from ...data.fields import FIELDS
from ...data.readers.gsd_layer import ABOUT, OF_PARTICLES, TEMPERATURE, TIME
from ...evaluation.columns import known_columns, made_columns
from ...evaluation.frames import About, FrameResult
from ...written import json_text


def _frame(about: About, result: FrameResult, n_types: int) -> Any:
    import gsd.hoomd

    c, moment = result.configuration, result.moment
    frame = gsd.hoomd.Frame()
    frame.configuration.step = moment.number if moment.step is None else moment.step
    frame.configuration.dimensions = c.dimensions
    frame.configuration.box = [*c.box, 0, 0, 0]
    frame.particles.N = len(c)
    frame.particles.types = list(TYPE_NAMES[:n_types])
    frame.particles.typeid = c.types.astype(np.uint32)
    middle = c.box / 2 * [1, 1, c.periodic[2]]
    frame.particles.position = c.positions - middle
    if moment.images is not None:
        frame.particles.image = moment.images.astype(np.int32)
    if moment.time is not None:
        frame.log[TIME.removeprefix("log/")] = np.array([moment.time])
    if c.temperature is not None:
        frame.log[TEMPERATURE.removeprefix("log/")] = np.array([c.temperature])
    if moment.ids is not None:
        frame.log["particles/id"] = np.asarray(moment.ids)
    if c.diameter is not None:
        frame.particles.diameter = c.diameter.astype(np.float32)
    known = {
        # Like the positions, about the middle of the box.
        name: values - middle if FIELDS[name].is_position else values
        for name, values in known_columns(result).items()
        if name != "diameter"
    }
    for name, values in {**known, **made_columns(about, result)}.items():
        frame.log[OF_PARTICLES.removeprefix("log/") + name] = np.ascontiguousarray(values)
    outside = about.outside(result.departures)
    if outside:
        frame.log["equiglass/outside_domain"] = _text(outside)
    return frame


def _text(value: str) -> Any:
    return np.frombuffer(value.encode(), dtype=np.uint8)


def write_gsd(path: Path, about: About, results: Iterable[FrameResult]) -> None:
    """One frame after the other; positions in single precision, as GSD has them.

    ``log/equiglass/time`` is that of a frame, ``log/equiglass/about`` JSON in the first.
    """
    import gsd.hoomd

    # The library appends a suffix to none, and opens only what is not there.
    with gsd.hoomd.open(str(path), "w") as file:
        n_types = 0
        for k, result in enumerate(results):
            n_types = max(n_types, result.configuration.n_types)
            frame = _frame(about, result, n_types)
            if k == 0:
                frame.log[ABOUT.removeprefix("log/")] = _text(json_text(about.as_dict()))
            file.append(frame)
