"""Which frames of a trajectory, or configurations of a data set, a command works on."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import AssumptionWarning, InputError
from .configuration import Configuration
from .dataset import Data, as_dataset
from .entry import Entry
from .fields import FIELDS
from .frame_range import Frames as Frames
from .frame_range import chosen_frames, parse_frames
from .readers.series import Frame, Series
from .stamps import stamped_times, states_times
from .trajectory import Trajectory
from .trajectory_files import open_series


@dataclass(frozen=True, eq=False)
class Moment:
    """One configuration, and when in its trajectory it was.

    Attributes
    ----------
    number
        Of the frame in its file, or of the configuration in its data set, from 0.
    time, step
        Of the frame, tau_LJ and steps, where they are known.
    ids
        (N,) by which the file knows the particles; None where their order says it.
    images
        (N, 3) boxes that each particle is away from its position, where the file says it.
    """

    configuration: Configuration
    number: int
    time: float | None = None
    step: int | None = None
    ids: NDArray[np.int64] | None = None
    images: NDArray[np.int64] | None = None

    def fingerprint(self) -> str:
        """Of everything that a model may read of it, and an output states; of no path."""
        c = self.configuration
        contents = [None if part is None else part.content() for part in (c.potential, c.accuracy)]
        stated = (c.periodic, c.temperature, c.relaxation_time, contents, self.time, self.step)
        digest = hashlib.sha256(repr(stated).encode())
        arrays = {n: a for n, a in c.known.items() if not FIELDS[n].is_outcome}
        for name, array in {**arrays, "ids": self.ids, "images": self.images}.items():
            if array is not None:
                digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class Moments:
    """Some frames, each read when it is asked for; they can be sent to other processes.

    Attributes
    ----------
    numbers
        Which of the file's frames, or of the data set's configurations; increasing.
    times, steps
        Of these, None where they are not known.
    first
        Of a trajectory, its first frame here: the others must be of the same particles. None for
        independent configurations.
    assumed
        Sentences on what was taken for granted.
    """

    source: str
    format: str
    numbers: tuple[int, ...]
    read: Callable[[int], Frame]
    times: tuple[float, ...] | None = None
    steps: tuple[int, ...] | None = None
    first: Frame | None = None
    assumed: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, j: int) -> Moment:
        """The ``j``-th of these.

        Raises
        ------
        InputError
            If it cannot be read, or is not of the particles of the first.
        """
        number = self.numbers[j]
        frame = self.read(number)
        self._check_particles(frame, f"{self.source}[{number}]")
        c, images = frame.configuration, None
        if frame.unwrapped is not None:
            images = np.round((frame.unwrapped - c.positions) / c.box).astype(np.int64)
        return Moment(
            c,
            number,
            None if self.times is None else self.times[j],
            None if self.steps is None else self.steps[j],
            frame.ids,
            images,
        )

    def _check_particles(self, frame: Frame, source: str) -> None:
        if self.first is None:
            return
        ids, before = frame.ids, self.first.ids
        same_ids = ids is None if before is None else np.array_equal(before, ids)  # type: ignore[arg-type]
        c, first = frame.configuration, self.first.configuration
        if not same_ids:
            raise InputError(
                "other ids than in the first frame: a trajectory follows the same particles",
                source=source, field="id",
            )  # fmt: skip
        if not np.array_equal(c.types, first.types):
            raise InputError(
                "other particles than in the first frame: a trajectory follows the same particles",
                source=source, field="types", expected=first.composition, found=c.composition,
            )  # fmt: skip


def moments_of(
    data: Data | Trajectory,
    frames: Frames = ":",
    *,
    timestep: float | None = None,
    species: Sequence[str] | None = None,
) -> Moments:
    """The frames of a trajectory, or configurations of a data set, that a range means.

    A file whose frames state times or steps is a trajectory, of the same particles in all frames;
    other data are independent configurations in their order.

    Parameters
    ----------
    timestep
        Of the integration, tau_LJ, where a file states steps and not times; without it times
        are not known then.

    Raises
    ------
    InputError
        If the range is not one of these frames, or the timestep does not fit the data.

    Warns
    -----
    AssumptionWarning
        If a half-written last frame, or a frame that is there twice, is left out.
    """
    parse_frames(frames)
    if isinstance(data, Trajectory):
        numbers = chosen_frames(frames, len(data), data.source)
        return _moments(data.source, data.series, data.index[numbers], data.times[numbers], True)
    series = None
    if isinstance(data, (str, os.PathLike)):
        series = open_series(Path(data), species)
    if series is None:
        return _of_dataset(data, frames, timestep, species)
    source = str(data)
    numbers = chosen_frames(frames, len(series), source)
    assumed = []
    if series.cut:
        assumed.append(f"the last frame is not whole; the {len(series)} before it are used")
        warnings.warn(f"{source}: {assumed[0]}", AssumptionWarning, stacklevel=3)
    index, times, same = _times(series, timestep, source)
    if timestep is not None:
        assumed.append(f"timestep {timestep:g}, as given")
    there = np.isin(index, numbers)
    chosen = None if times is None else times[there]
    result = _moments(source, series, index[there], chosen, same)
    return replace(result, assumed=tuple(assumed))


def _times(
    series: Series, timestep: float | None, source: str
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None, bool]:
    """Frames to use, their times where known, and whether they are a trajectory's."""
    everything = np.arange(len(series))
    stamps = series.stamps
    steps = [stamp.step for stamp in stamps if stamp.step is not None]
    counted = len(steps) == len(stamps) and len(set(steps)) > 1
    try:
        if timestep is not None or (len(stamps) > 1 and states_times(stamps)):
            times, index = stamped_times(stamps, timestep, source)
            return index, times, True
        if counted:
            _, index = stamped_times(stamps, 1.0, source)
            return index, None, True
    except InputError as error:
        if timestep is not None:
            raise
        text = f"taken as independent configurations: {error}"
        warnings.warn(text, AssumptionWarning, stacklevel=4)
    return everything, None, False


def _moments(
    source: str,
    series: Series,
    numbers: NDArray[np.int64],
    times: NDArray[np.float64] | None,
    same: bool,
) -> Moments:
    if not len(numbers):
        raise InputError("no frames are left", source=source, field="frames")
    steps = [series.stamps[int(k)].step for k in numbers]
    return Moments(
        source,
        series.format,
        tuple(int(k) for k in numbers),
        series.read,
        None if times is None else tuple(times.tolist()),
        None if None in steps else tuple(s for s in steps if s is not None),
        series.read(int(numbers[0])) if same else None,
    )


def _read_entry(entries: Sequence[Entry], k: int) -> Frame:
    return Frame(entries[k].load())


def _of_dataset(
    data: Data, frames: Frames, timestep: float | None, species: Sequence[str] | None
) -> Moments:
    dataset = as_dataset(data, species=species)
    if timestep is not None:
        raise InputError(
            "is for trajectories", source=dataset.source, field="timestep",
            expected="a file of frames", found="a data set",
        )  # fmt: skip
    numbers = chosen_frames(frames, len(dataset), dataset.source)
    formats = sorted({entry.format for entry in dataset.entries})
    return Moments(
        dataset.source, ", ".join(formats), tuple(numbers), partial(_read_entry, dataset.entries)
    )
