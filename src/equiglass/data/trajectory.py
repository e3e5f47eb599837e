"""A trajectory: frames of the same particles at several times, each read when it is asked for."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AssumptionWarning, InputError
from ..geometry.periodic import FloatArray, wrap
from .configuration import Configuration
from .dataset import Dataset
from .entry import Entry
from .readers.series import Frame, Series
from .stamps import stamped_times
from .unwrap import Crossings, crossings

KEPT_BYTES = 256 * 2**20  # of positions that were read, so that a small file is read once


class Trajectory:
    """Frames of the same particles in the same order, with their times.

    Nothing is kept of a frame but its positions, and of these the most recent 256 MB.

    Parameters
    ----------
    series
        The frames as the file has them.
    times
        (n,) of the frames, tau_LJ, increasing.
    index
        Which frames of the series these are.

    Raises
    ------
    InputError
        If the first and the last frame are not of the same particles.
    """

    def __init__(
        self, source: str, series: Series, times: FloatArray, index: NDArray[np.int64] | None = None
    ) -> None:
        self.source = source
        self.times = np.asarray(times, dtype=np.float64)
        self._series = series
        self._index = np.arange(len(self.times)) if index is None else index
        self._positions: OrderedDict[int, FloatArray] = OrderedDict()
        first = series.read(int(self._index[0]))
        self._ids = first.ids
        self.is_unwrapped = first.unwrapped is not None
        self._first = first.configuration
        self._energies: dict[int, float | None] = {}
        self._read(len(self) - 1)

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, k: int) -> Configuration:
        return self.frame(range(len(self))[k])

    def __iter__(self) -> Iterator[Configuration]:
        return (self.frame(k) for k in range(len(self)))

    def __repr__(self) -> str:
        c = self._first
        return (
            f"Trajectory({self.source}; {len(self)} frames of {len(c)} particles; "
            f"times {self.times[0]:g} to {self.times[-1]:g})"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_positions": OrderedDict()}

    @property
    def format(self) -> str:
        """Name of the format it is read from."""
        return self._series.format

    @property
    def series(self) -> Series:
        """The frames of the file, those that are not used included."""
        return self._series

    @property
    def index(self) -> NDArray[np.int64]:
        """(n,) which frames of the series these are."""
        return self._index

    @property
    def types(self) -> NDArray[np.integer[Any]]:
        """(N,) types, the same in every frame."""
        return self._first.types

    @property
    def box(self) -> FloatArray:
        """(3,) edge lengths, the same in every frame."""
        return self._first.box

    def _read(self, k: int) -> Frame:
        """Frame ``k``, after a check that its particles are the same."""
        number = int(self._index[k])
        frame = self._series.read(number)
        c, unwrapped = frame.configuration, frame.unwrapped
        source = f"{self.source}[{number}]"
        if (frame.ids is None) != (self._ids is None):
            raise InputError("only some frames have ids", source=source, field="id")
        if self._ids is not None and not np.array_equal(frame.ids, self._ids):  # type: ignore[arg-type]
            raise InputError(
                "other ids than in the first frame: a trajectory follows the same particles",
                source=source, field="id", expected=f"{len(self._ids)} particles, the same",
                found=f"{len(c)} particles",
            )  # fmt: skip
        if not np.array_equal(c.types, self.types):
            raise InputError(
                "other particles than in the first frame: a trajectory follows the same particles",
                source=source, field="types", expected=self._first.composition,
                found=c.composition,
            )  # fmt: skip
        if c.periodic != self._first.periodic or not np.allclose(c.box, self.box, rtol=1e-6):
            raise InputError(
                "another box than in the first frame: displacements are not defined",
                source=source, field="box", expected=self.box.tolist(), found=c.box.tolist(),
            )  # fmt: skip
        if (unwrapped is not None) != self.is_unwrapped:
            raise InputError("only some frames have images", source=source, field="images")
        self._energies[k] = frame.energy
        return Frame(c, unwrapped, None, frame.energy)

    def frame(self, k: int) -> Configuration:
        """Frame ``k``, with what the file states of it: temperature, energies, potential.

        Raises
        ------
        InputError
            If its particles are not those of the first frame.
        """
        source = f"{self.source}[{int(self._index[k])}]"
        return self._read(k).configuration.replace(source=source)

    def energy(self, k: int) -> float | None:
        """Potential energy per particle of frame ``k``, where it is stated."""
        if k not in self._energies:
            self._read(k)
        return self._energies[k]

    def _stated(self, k: int) -> FloatArray:
        """Positions of frame ``k`` as the file has them: unwrapped, or folded."""
        if k in self._positions:
            self._positions.move_to_end(k)
            return self._positions[k]
        frame = self._read(k)
        positions = (
            frame.unwrapped if frame.unwrapped is not None else frame.configuration.positions
        )
        positions = np.asarray(positions, dtype=np.float64)
        self._positions[k] = positions
        if len(self._positions) * positions.nbytes > KEPT_BYTES and len(self._positions) > 2:
            self._positions.popitem(last=False)
        return positions

    @cached_property
    def _crossings(self) -> Crossings:
        c = self._first
        return crossings(self._stated, len(self), self.box, c.periodic, self.source)

    def unwrapped(self, k: int) -> FloatArray:
        """(N, 3) positions of frame ``k`` that continue past the box, sigma.

        By the images that the file states; else by the nearest image from each frame to the next,
        for which all frames are read once.

        Raises
        ------
        InputError
            If the file states no images, and frames are too far apart for the nearest.
        """
        positions = self._stated(k)
        if self.is_unwrapped:
            return positions
        result: FloatArray = positions + self._crossings.images(k) * self.box
        return result

    def displacements(self, k: int, later: int) -> FloatArray:
        """(N, 3) from frame ``k`` to frame ``later``, across the periodic boundary, sigma."""
        result: FloatArray = self.unwrapped(later) - self.unwrapped(k)
        return result

    def dataset(self, indices: Sequence[int] | slice = slice(None)) -> Dataset:
        """The frames as a data set of configurations, read when they are asked for."""
        chosen = np.arange(len(self))[indices]
        entries = (
            Entry(f"{self.source}[{int(self._index[k])}]", self.format, partial(self.frame, int(k)))
            for k in chosen
        )
        return Dataset(self.source, tuple(entries))

    @classmethod
    def from_configurations(
        cls,
        configurations: Sequence[Configuration],
        times: Sequence[float] | FloatArray,
        unwrapped: Sequence[FloatArray] | None = None,
    ) -> Trajectory:
        """Of frames that are in memory, in the same order of particles.

        Parameters
        ----------
        unwrapped
            (N, 3) positions of each frame that continue past the box, where they are known.
        """
        from .readers.series import Stamp

        frames = [
            Frame(c, None if unwrapped is None else np.asarray(unwrapped[k]))
            for k, c in enumerate(configurations)
        ]
        series = Series("memory", [Stamp(time=float(t)) for t in times], frames.__getitem__)
        return cls.of_series(configurations[0].source if configurations else "memory", series, None)

    @classmethod
    def of_run(cls, configuration: Configuration, run: int = 0) -> Trajectory:
        """One run of an isoconfigurational ensemble that kept its end positions.

        Raises
        ------
        InputError
            If it did not.
        """
        c = configuration
        if c.end_positions is None or c.times is None:
            raise InputError("is not known", source=c.source, field="end_positions")
        start = c.without_targets()
        ends = np.asarray(c.end_positions[:, run], dtype=np.float64)
        bare = Configuration(
            c.types, c.box, c.positions, periodic=c.periodic, temperature=c.temperature,
            potential=c.potential, source=c.source,
        )  # fmt: skip
        frames = [start, *(bare.replace(positions=wrap(r, c.box, c.periodic)) for r in ends)]
        return cls.from_configurations(frames, [0.0, *c.times], [c.positions, *ends])

    @classmethod
    def of_series(cls, source: str, series: Series, timestep: float | None) -> Trajectory:
        """Of the frames of a file; ``timestep`` where it states steps and not times."""
        if series.cut:
            warnings.warn(
                f"{source}: the last frame is not whole; the {len(series)} before it are used",
                AssumptionWarning,
                stacklevel=4,
            )
        if len(series) < 2:
            raise InputError(
                "a trajectory needs at least two frames", source=source, found=len(series)
            )
        times, index = stamped_times(series.stamps, timestep, source)
        return cls(source, series, times, index)
