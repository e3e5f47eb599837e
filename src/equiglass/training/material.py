"""The configurations of a training: read once, completed, in memory or not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..data.entry import Entry
from ..data.fields import FIELDS, MADE_FIELDS
from ..data.fingerprint import add_to
from ..data.grids import at_known_times, propensity_on, union_of_times
from ..data.held import Budget, Held, Joined, hold, n_bytes
from ..data.potential import Potential
from ..errors import InputError
from ..simulation.preparation import Preparation
from ..simulation.target import TARGETS, Target
from . import processes
from .config import TrainConfig
from .folder import STRUCTURES
from .noise import LabelNoise
from .statistics import Moments

GIGABYTE = 1e9
# Of the limit: configurations as they were read, the same completed, and what they become.
SHARES = {"read": 0.15, "completed": 0.15, "samples": 0.7}


@dataclass(frozen=True)
class TrainingData:
    """The configurations of a run, without the end positions of trajectories.

    Attributes
    ----------
    learned, held_out
        Training and validation configurations.
    reversed
        Time-reversed trajectories of those training configurations that have end positions,
        ``turned`` of them.
    times
        All times at which one has labels.
    n_types
        Of the training configurations.
    targets
        Statistics of the labels learned from, for each type.
    noise
        How noisy labels are.
    temperatures
        That the training configurations state, increasing.
    description
        Where they come from, their names, and fingerprints of their content.
    origins
        Place in ``learned`` of the configuration that each reversed trajectory began from.
    """

    learned: Sequence[Configuration]
    reversed: Sequence[Configuration]
    held_out: Sequence[Configuration]
    times: tuple[float, ...]
    n_types: int
    targets: Sequence[Moments]
    noise: LabelNoise
    turned: int = 0
    description: dict[str, Any] = field(default_factory=dict)
    temperatures: tuple[float, ...] = ()
    origins: tuple[int, ...] = ()

    @property
    def all(self) -> Sequence[Configuration]:
        """Everything that a model is to read."""
        return Joined(self.learned, self.reversed, self.held_out)

    @property
    def labels(self) -> Sequence[Configuration]:
        """What is learned from: the labelled ones, then reversed trajectories."""
        return Joined(self.learned, self.reversed)

    def completed(
        self,
        how: Preparation,
        fields: Sequence[str],
        limit: float,
        folder: Path,
        chosen: Sequence[int] | None = None,
    ) -> TrainingData:
        """The same with every one of these fields, made where it is missing.

        Of the reversed trajectories with ``chosen`` only these, which are then the only ones. So
        many at a time as fit into the limit. Of several processes each makes its share, which
        all then find in the cache.
        """
        budget = Budget(SHARES["completed"] * limit)
        backwards = range(len(self.reversed)) if chosen is None else chosen

        def complete(part: Iterable[Configuration]) -> Sequence[Configuration]:
            return hold(_completed(part, how, fields, SHARES["completed"] * limit), budget, folder)

        return replace(
            self,
            learned=complete(self.learned),
            reversed=complete(self.reversed[k] for k in backwards),
            origins=tuple(self.origins[k] for k in backwards),
            held_out=complete(self.held_out),
        )


def _completed(
    part: Iterable[Configuration], how: Preparation, fields: Sequence[str], limit: float
) -> Iterator[Configuration]:
    block: list[Configuration] = []
    size = 0
    for c in part:
        block.append(c)
        # Quenched it is about twice as large.
        size += 2 * n_bytes(c)
        if size > limit:
            yield from _complete(block, how, fields)
            block, size = [], 0
    yield from _complete(block, how, fields)


def _complete(
    block: Sequence[Configuration], how: Preparation, fields: Sequence[str]
) -> list[Configuration]:
    # A frame is there once with each direction of the run, and is quenched once.
    first: dict[bytes, int] = {}
    places = [first.setdefault(_content(c), k) for k, c in enumerate(block)]
    alone = [block[k] for k in first.values()]
    if processes.world_size() > 1:
        how.complete(processes.share(alone), fields)
        processes.wait()
    made = dict(zip(first.values(), how.complete(alone, fields), strict=True))
    return [
        made[place]
        if place == k
        else c.replace(
            potential=made[place].potential,
            **{name: getattr(made[place], name) for name in MADE_FIELDS},
        )
        for k, (c, place) in enumerate(zip(block, places, strict=True))
    ]


def _content(c: Configuration) -> bytes:
    """The same for configurations of which all that is known of the snapshot is the same."""
    digest = hashlib.sha256()
    for name, array in c.known.items():
        if not FIELDS[name].is_outcome:
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.digest()


def load_data(
    config: TrainConfig,
    training: Dataset,
    validation: Dataset,
    *,
    folder: Path,
    trajectories: Sequence[dict[str, Any]] = (),
    potential: Potential | None = None,
) -> TrainingData:
    """Read every configuration of a run, once.

    Parameters
    ----------
    folder
        Where what does not fit into memory is kept, in files without names.
    trajectories
        What was found out about those of the settings.
    potential
        In whose sigma bonds are counted where the data record none.

    Raises
    ------
    InputError
        If one has no labels of the target, or they cannot be learned from together.
    """
    if not len(training):
        raise InputError("no configuration to train on", source=training.source)
    budget = Budget(SHARES["read"] * config.data.memory * GIGABYTE)
    learned, backwards, held_out = (Held[Configuration](budget, folder) for _ in range(3))
    prints = [hashlib.sha256() for _ in range(3)]
    grids: dict[tuple[float, ...], None] = {}
    temperatures: set[float] = set()
    origins: list[int] = []
    n_types, turned, turns = 1, 0, config.data.reversed_per_configuration > 0
    target = TARGETS[config.data.target]
    for whole, c in labelled(training, target, potential):
        add_to(prints[0], c)
        prints[2].update(_content(c))
        assert c.times is not None
        grids[tuple(c.times.tolist())] = None
        n_types = max(n_types, c.n_types)
        if c.temperature is not None:
            temperatures.add(float(c.temperature))
        if turns and whole.end_positions is not None:
            turned += 1
            for r in target.reversed(whole, potential):
                backwards.append(r, n_bytes(r))
                origins.append(len(learned))
        # The heavy arrays of end positions are not needed any more.
        light = c.replace(end_positions=None)
        learned.append(light, n_bytes(light))
    if turns and not turned:
        target.reversed(learned[0])  # says what is missing
    times = union_of_times(grids)
    targets, noise = labels_of(learned, n_types, times, training.entries)
    for c in backwards:
        noise.add_reversed(c)
    for _, c in labelled(validation, target, potential):
        add_to(prints[1], c)
        prints[2].update(_content(c))
        light = at_known_times(c.replace(end_positions=None), times)
        held_out.append(light, n_bytes(light))
        noise.add(light, learned=False)
    description = {
        "source": training.source,
        "target": target.name,
        "fingerprint": prints[0].hexdigest()[:16],
        "validation_fingerprint": prints[1].hexdigest()[:16],
        STRUCTURES: prints[2].hexdigest()[:16],
        "times": list(times),
        "training": [e.name for e in training.entries],
        "validation": [e.name for e in validation.entries],
    }
    if trajectories:
        description["trajectories"] = list(trajectories)
    return TrainingData(
        learned, backwards, held_out, times, n_types, targets, noise, turned, description,
        tuple(sorted(temperatures)), tuple(origins),
    )  # fmt: skip


def labels_of(
    configurations: Iterable[Configuration],
    n_types: int,
    times: tuple[float, ...],
    entries: Sequence[Entry] = (),
) -> tuple[list[Moments], LabelNoise]:
    """Statistics of labels at the times of a grid, for each type, and their noise."""
    targets = [Moments(len(times)) for _ in range(n_types)]
    noise = LabelNoise(n_types, times)
    for k, c in enumerate(configurations):
        noise.add(c, entries[k] if entries else None)
        propensity = propensity_on(c, times)
        for t in range(n_types):
            targets[t].add(propensity[:, c.types == t].T)
    return targets, noise


def labelled(
    dataset: Dataset, target: Target, potential: Potential | None = None
) -> Iterator[tuple[Configuration, Configuration]]:
    """All configurations of a data set, as they are and with the labels of a target.

    Raises
    ------
    InputError
        For one without such labels.
    """
    for entry in dataset.entries:
        whole = entry.load()
        c = target.of(whole, example=entry.example, potential=potential)
        if c.propensity is None or c.times is None:
            raise InputError("has no propensity to learn", source=c.source, field="propensity")
        yield whole, c


def spill_folder(output: str | os.PathLike[str]) -> Path:
    """Where files without names go: beside an output, as its disk is meant for data."""
    folder = Path(output).absolute().parent
    while not folder.exists():
        folder = folder.parent
    return folder
