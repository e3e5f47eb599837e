"""``equiglass study``: plan, run, draw."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ..data.configuration import Configuration
from ..data.contents import contents
from ..data.dataset import Dataset, Entry
from ..data.fields import MADE_FIELDS
from ..drawing import save
from ..errors import InputError
from ..locks import only_writer
from ..memory import GB
from ..simulation.preparation import Preparation
from ..simulation.target import DISPLACEMENT
from ..training import potential
from ..training.config import TrainConfig
from ..training.sources import open_data
from .across import forget_data
from .base import Plan, Row, Study
from .grid import run_grid, write_table
from .networks import check_networks
from .rates import rates_of
from .record import begin, read_record
from .registry import study_of
from .seeds import seeds_of

QUICK_EPOCHS = 2


@only_writer("folder")
def study(
    kind: str,
    config: TrainConfig,
    folder: str | os.PathLike[str],
    *,
    quick: bool = False,
    networks: Sequence[str] | None = None,
    seeds: int | None = None,
    learning_rates: Sequence[float] | None = None,
    n_processes: int = 1,
    scheduler: str | None = None,
    preparation: Preparation | None = None,
    progress: bool = True,
) -> list[Row]:
    """Run one of the studies; the table and figure are in ``folder``.

    Parameters
    ----------
    kind
        One of :data:`equiglass.studies.registry.STUDIES`.
    config
        The training that the study varies; its data set needs the splits train, validation, test.
    quick
        A few variants and epochs, to see that everything runs.
    networks
        Models to train, of :data:`equiglass.studies.networks.NETWORKS`, in studies that have the
        choice; by default the equivariant network, in that of rivals all it has.
    seeds
        How many networks of each kind are trained, by default three. A finished study of fewer is
        gone on with.
    learning_rates
        To choose from on the validation data, by default those that the folder's study was begun
        with, or :data:`equiglass.studies.rates.RATES`. A study of fewer is gone on with: what was
        trained stays, and where the best is another now that is trained beside it. Those once tried
        remain among them.
    n_processes, scheduler
        Where variants are trained: processes of this machine, or the workers of a Dask scheduler.
    preparation
        How fields that are missing are made; by default under the potential of the data.

    Returns
    -------
    The rows of the table, a type at a time on a test set each, with the study's own columns and
    those of :data:`equiglass.studies.base.COMMON_COLUMNS`.

    Raises
    ------
    InputError
        If the data set does not suit the study, or it has not these models or one seed alone or
        chooses no learning rate, or the folder holds another one, or one of other settings, data
        or potential.
    """
    from ..models.kept import descriptors_kept
    from ..training.folder import check_penalties
    from .cells import RUN

    chosen = study_of(kind)
    numbers = seeds_of(chosen, seeds, quick)
    models = () if chosen.all_networks else chosen.networks[:1]
    if networks is not None:
        models = check_networks(networks, chosen.networks)
        if chosen.all_networks and models == chosen.networks:
            models = ()  # as where none is named
    target = Path(folder)
    rates = rates_of(chosen, learning_rates, quick, read_record(target))
    if quick:
        optimizer = config.optimizer.model_copy(update={"epochs": QUICK_EPOCHS})
        config = config.model_copy(update={"optimizer": optimizer})
    if chosen.own_target and config.data.target != DISPLACEMENT.name:
        raise InputError(
            f"the study {kind} chooses what is learned", source=config.data.source,
            field="data.target", expected=DISPLACEMENT.name, found=config.data.target,
        )  # fmt: skip
    whole = open_data(config).dataset
    data, known, content = _loaded(whole)
    how = potential.settled(potential.asked(config, preparation), known, MADE_FIELDS)
    stages = chosen.stages(Plan(config, data, target, quick, how, models, numbers, rates))
    chosen.check(whole, how)
    for cell in chain.from_iterable(stages):
        check_penalties(target / cell.variant / RUN)
    begin(
        target,
        {
            "kind": kind,
            "quick": quick,
            "config": config.model_dump(mode="json"),
            "fixed": _fixed(chosen, {"seeds": numbers, "learning_rates": rates}),
            **({"networks": models} if models else {}),
            "data": {
                "source": config.data.source,
                "fingerprint": data.fingerprint(),
                "contents": content,
                "splits": {
                    name: [e.name for e in part.entries] for name, part in data.splits.items()
                },
            },
            "preparation": how.record(),
        },
    )
    rows: list[Row] = []
    forget_data()
    with descriptors_kept(config.data.memory * GB):
        for cells in stages:
            rows += run_grid(
                cells, target, n_processes=n_processes, scheduler=scheduler, progress=progress
            )
    table = write_table(rows, chosen.table_columns, target)
    save(chosen.figure(table), target / "study.png")
    return table


def _fixed(study: Study, asked: dict[str, Any]) -> dict[str, Any]:
    """What the study fixes itself, as it is asked for here: with fewer of each where quick."""
    return {name: asked.get(name, value) for name, value in study.fixed.items()}


def _loaded(data: Dataset) -> tuple[Dataset, list[Configuration], str]:
    """The data set, read once and without the heavy arrays of end positions, and its contents."""
    configurations: list[Configuration] = []

    def whole() -> Iterator[Configuration]:
        for c in data:
            configurations.append(c.replace(end_positions=None))
            yield c

    read = contents(whole())
    splits: dict[bytes, str | None] = {}
    for entry, c in zip(data.entries, configurations, strict=True):
        content = hashlib.sha256(c.positions.tobytes()).digest()
        if splits.setdefault(content, entry.split) != entry.split:
            raise InputError(
                "the same positions are in another split, too", source=entry.name, field="split",
                found=f"{splits[content]} and {entry.split}",
            )  # fmt: skip
    entries = [
        Entry(entry.name, entry.format, lambda c=c: c, entry.split)  # type: ignore[misc]
        for entry, c in zip(data.entries, configurations, strict=True)
    ]
    return Dataset(data.source, tuple(entries)), configurations, read
