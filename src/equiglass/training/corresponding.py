"""Times of several temperatures that correspond to each other, under one name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..data.entry import Entry
from ..data.examples import Example
from ..errors import InputError
from ..models.by_temperature import SAME_TIME, AtTemperature, TimeGrid

FIELD = "data.times_at"


@dataclass(frozen=True)
class NamedExample(Example):
    """An example whose times are called otherwise; it stays one where it is cut to a stretch.

    Attributes
    ----------
    names
        (T,) what the times are called.
    """

    names: tuple[float, ...] = ()

    def load(self) -> Configuration:
        """See :meth:`equiglass.data.examples.Example.load`."""
        return _called(super().load(), range(len(self.times)), self.names)


def corresponding(dataset: Dataset, grid: TimeGrid | None) -> Dataset:
    """The data set at the times of a grid, which are called by those of the coldest temperature.

    Without a grid it is as it was. Configurations are loaded when they are asked for, as before;
    those that state a temperature that the grid does not have are refused then. Examples from a
    trajectory without a label at one of the times there are left out.
    """
    if grid is None:
        return dataset
    entries = tuple(own for e in dataset.entries for own in _of_grid(e, grid))
    return replace(dataset, entries=entries)


def _of_grid(entry: Entry, grid: TimeGrid) -> Iterator[Entry]:
    example = entry.example
    row = None
    if example is not None and example.temperature is not None:
        row = grid.row(example.temperature)
    pairs = [] if example is None or row is None else _pairs(example.times, grid, row)
    if example is None or not pairs:
        yield replace(entry, load=partial(_load, entry, grid))
        return
    rows, names = zip(*pairs, strict=True)
    times, ends = (tuple(part[k] for k in rows) for part in (example.times, example.ends))
    if all(end is None for end in ends):
        return
    own = NamedExample(
        example.trajectory, example.frame, ends, times, example.direction, example.temperature,
        example.relaxation_time, names,
    )  # fmt: skip
    yield replace(entry, load=own.load, example=own)


def _load(entry: Entry, grid: TimeGrid) -> Configuration:
    return on_names(entry.load(), grid)


def on_names(configuration: Configuration, grid: TimeGrid) -> Configuration:
    """One configuration at those of its times that the grid has at its temperature.

    Raises
    ------
    InputError
        If it states no temperature, or one that the grid does not have, or has labels at none of
        the times there.
    """
    c = configuration
    row = None if c.temperature is None else grid.row(c.temperature)
    if row is None:
        raise InputError(
            "its temperature has no times in the settings", source=c.source, field=FIELD,
            expected=list(grid.temperatures), found=c.temperature,
        )  # fmt: skip
    if c.times is None:
        return c
    pairs = _pairs(c.times.tolist(), grid, row)
    if not pairs:
        raise InputError(
            f"has labels at none of the times of T = {row.temperature:g}", source=c.source,
            field=FIELD, expected=list(row.times), found=c.times.tolist(),
        )  # fmt: skip
    return _called(c, *zip(*pairs, strict=True))


def _pairs(times: Sequence[float], grid: TimeGrid, row: AtTemperature) -> list[tuple[int, float]]:
    """Which of some times are of a temperature's, and what these are called."""
    return [
        (k, name)
        for k, time in enumerate(times)
        for name, own in zip(grid.names, row.times, strict=True)
        if abs(time - own) <= SAME_TIME * max(time, own)
    ]


def _called(c: Configuration, rows: Sequence[int], names: Sequence[float]) -> Configuration:
    # The relaxation time is in another unit than times that are called otherwise.
    return c.at_times(rows, names).replace(relaxation_time=None)
