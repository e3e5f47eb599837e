"""Data as a file of particles, frame by frame, with columns for what is known at each time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset
from ..data.fields import FIELDS
from ..data.moments import Moment, moments_of
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.frames import About, FrameResult, Quantity, columns_at
from ..locks import writing
from ..progress import track
from ..reporting.frames.output import XYZ, write_frames
from .assumed import assumptions
from .options import check_output
from .places import check_apart, require_new

AT_TIMES = tuple(name for name, f in FIELDS.items() if f.shape == ("T", "N"))
# What has a place: one number, a vector, or a number at each time, of each particle.
KEPT = {
    "box",
    "times",
    *(n for n, f in FIELDS.items() if f.shape in (("N",), ("N", 3), ("T", "N"))),
}
# What is said of a configuration as a whole, and where a file has a place for it.
SAID = {
    "temperature": (*XYZ, ".gsd"),
    "relaxation_time": XYZ,
    "index": (),
    "n_trajectories": (),
}


def write_particles(
    target: Path,
    data: Data | Trajectory,
    *,
    drop: Sequence[str] = (),
    species: Sequence[str] | None = None,
    progress: bool = False,
) -> None:
    """Write every configuration or frame to a file of the format of its ending, one at a time.

    Raises
    ------
    InputError
        If a frame cannot be read, or has other times or another potential than the first.

    Warns
    -----
    AssumptionWarning
        If the file has no place for something that the data have.
    """
    moments = moments_of(data, species=species)
    check_apart(target, data, Dataset(moments.source, ()))
    require_new(target)
    check_output(target)
    lost: set[str] = set()
    first = moments[0].configuration.replace(**dict.fromkeys(drop))
    # Every frame of extended xyz says its own times and potential.
    alike = target.suffix not in XYZ
    quantities = _quantities(first) if alike else ()
    with writing(target), track("convert", len(moments), enabled=progress) as advance:

        def results() -> Iterator[FrameResult]:
            for k in range(len(moments)):
                moment = moments[k]
                c = moment.configuration.replace(**dict.fromkeys(drop))
                if alike:
                    _require_same(c, first)
                lost.update(_without_place(c, target.suffix))
                yield _result(replace(moment, configuration=c), quantities)
                advance()

        about = About(
            "convert",
            moments.source,
            quantities,
            times=tuple(_times(first)) if alike else (),
            potential=first.potential if alike else None,
            accuracy=first.accuracy,
            assumed=assumptions(moments),
        )
        write_frames(target, about, results())
    if lost:
        warnings.warn(
            f"{target} has no place for {', '.join(sorted(lost))}; a store has (OUT.zarr)",
            AssumptionWarning,
            stacklevel=3,
        )


def _quantities(c: Configuration) -> tuple[Quantity, ...]:
    if c.times is None:
        return ()
    return tuple(
        Quantity(
            name, columns_at(name, c.times.tolist()),
            f"{FIELDS[name].meaning}, {FIELDS[name].unit}", over_times=True,
        )
        for name in AT_TIMES
        if getattr(c, name) is not None
    )  # fmt: skip


def _result(moment: Moment, quantities: Sequence[Quantity]) -> FrameResult:
    c = moment.configuration
    unknown = np.full((len(c), 1 if c.times is None else len(c.times)), np.nan)
    values = {
        q.key: unknown if getattr(c, q.key) is None else getattr(c, q.key).T for q in quantities
    }
    return FrameResult(moment, values)


def _require_same(c: Configuration, first: Configuration) -> None:
    """Raise InputError where one file cannot hold both."""
    if not np.array_equal(_times(c), _times(first)):
        raise InputError(
            "has other times than the first, and one file has the same columns throughout; convert "
            "one temperature at a time (DATA@0.5), or leave the targets out (--drop propensity)",
            source=c.source, field="times", expected=_times(first), found=_times(c),
        )  # fmt: skip
    own, other = c.potential, first.potential
    if (own is None) != (other is None) or (own and other and not own.same_as(other)):
        raise InputError(
            "is of another potential than the first", source=c.source, field="potential",
            expected=other and other.name, found=own and own.name,
        )  # fmt: skip


def _times(c: Configuration) -> list[float]:
    known = any(getattr(c, name) is not None for name in AT_TIMES)
    return [] if c.times is None or not known else c.times.tolist()


def _without_place(c: Configuration, ending: str) -> set[str]:
    """What such a file does not keep."""
    lost = {name for name in c.known if name not in KEPT}
    lost |= {n for n, places in SAID.items() if ending not in places and getattr(c, n) is not None}
    return lost | {f"predictions of {method}" for method in c.predictions}
