"""Splits that the settings give to the configurations of a data set, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Literal

from ..data.dataset import Dataset
from ..data.entry import Entry
from ..errors import InputError

FIELD = "data.splits"
Split = Literal["train", "validation", "test"]


def with_splits(dataset: Dataset, patterns: Mapping[Split, Sequence[str]] | None) -> Dataset:
    """The data set with the splits of some patterns; without these as it is.

    A pattern is that of :meth:`pathlib.PurePath.match`, from the right: ``*-test-*`` is of every
    store, ``few.zarr/*-test-*`` of one. The order is that of the data set.

    Raises
    ------
    InputError
        If a pattern names nothing, if two splits name the same, or if they share a run.
    """
    if patterns is None:
        return dataset
    splits: dict[int, Split] = {}
    for split, wanted in patterns.items():
        for pattern in wanted:
            named = [k for k, e in enumerate(dataset.entries) if PurePath(e.name).match(pattern)]
            if not named:
                names = [e.name for e in dataset.entries[:1]]
                raise InputError(
                    "a pattern names no configuration", source=dataset.source,
                    field=f"{FIELD}.{split}", found=pattern,
                    expected=f"such as {', '.join(names)}",
                )  # fmt: skip
            for k in named:
                if splits.setdefault(k, split) != split:
                    raise InputError(
                        f"{dataset.entries[k].name} is named for {splits[k]} and for {split}",
                        source=dataset.source, field=FIELD,
                    )  # fmt: skip
    chosen = [replace(dataset.entries[k], split=split) for k, split in sorted(splits.items())]
    _require_apart(chosen, dataset.source)
    return replace(dataset, entries=tuple(chosen))


def _require_apart(entries: Sequence[Entry], source: str) -> None:
    of_run: dict[str, str | None] = {}
    for entry in entries:
        if entry.run is not None and of_run.setdefault(entry.run, entry.split) != entry.split:
            raise InputError(
                f"moments of one run are in two splits, {of_run[entry.run]} and {entry.split}",
                source=source, field=FIELD, found=entry.run,
            )  # fmt: skip
