"""Times of several temperatures that correspond to each other, under one name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..data.entry import Entry
from ..errors import InputError
from ..models.by_temperature import SAME_TIME, TimeGrid

FIELD = "data.times_at"


def corresponding(dataset: Dataset, grid: TimeGrid | None) -> Dataset:
    """The data set at the times of a grid, which are called by those of the coldest temperature.

    Without a grid it is as it was. Configurations are loaded when they are asked for, as before;
    those that state a temperature that the grid does not have are refused then.
    """
    if grid is None:
        return dataset
    entries = tuple(replace(e, load=partial(_load, e, grid)) for e in dataset.entries)
    return replace(dataset, entries=entries)


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
    pairs = [
        (k, name)
        for k, time in enumerate(c.times.tolist())
        for name, own in zip(grid.names, row.times, strict=True)
        if abs(time - own) <= SAME_TIME * max(time, own)
    ]
    if not pairs:
        raise InputError(
            f"has labels at none of the times of T = {row.temperature:g}", source=c.source,
            field=FIELD, expected=list(row.times), found=c.times.tolist(),
        )  # fmt: skip
    rows, names = zip(*pairs, strict=True)
    # The relaxation time is in another unit than times that are called otherwise.
    return c.at_times(rows, names).replace(relaxation_time=None)
