"""What studies of several temperatures share: data of some of them, scores at each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .base import LAST_EPOCH, VALIDATION_SPLIT, Row, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.configuration import Configuration
    from ..data.dataset import Dataset
    from ..evaluation.score import Evaluation
    from ..training.config import TrainConfig
    from .reduced import ReducedTimes
    from .spent import Spent


class Material(NamedTuple):
    """What is learned from at some temperatures, what chooses the epoch, and that in words."""

    training: Dataset
    validation: Dataset
    words: str


def reduced_data(config: TrainConfig) -> ReducedTimes:
    """The data at reduced times, read once for the cells that a process runs."""
    return _reduced(config.data.model_dump_json())


@lru_cache(maxsize=1)
def _reduced(settings: str) -> ReducedTimes:
    from ..training.config import DataConfig, TrainConfig
    from ..training.sources import open_data
    from .reduced import at_reduced_times

    config = TrainConfig(data=DataConfig.model_validate_json(settings))
    return at_reduced_times(open_data(config).dataset)


def forget_data() -> None:
    """What lies under the same path may be something else by the next study of this process."""
    _reduced.cache_clear()


def material(config: TrainConfig, temperatures: Sequence[float]) -> Material:
    """The training and validation configurations of some temperatures, at reduced times."""
    from ..data.dataset import from_configurations

    data = reduced_data(config).data
    choosing, words = validating(data, temperatures)
    named = f"{data.source} T = {', '.join(f'{t:g}' for t in temperatures)}"
    return Material(
        from_configurations(at(data, "train", temperatures), named),
        from_configurations(choosing),
        words,
    )


def at(data: Dataset, split: str, temperatures: Sequence[float]) -> list[Configuration]:
    """The configurations of a split at some temperatures."""
    return [c for c in data.split(split) if c.temperature in temperatures]


def in_turn(few: Sequence[Configuration], number: int) -> list[Configuration]:
    """So many, by showing the few again and again."""
    return list(islice(cycle(few), number))


def validating(data: Dataset, temperatures: Sequence[float]) -> tuple[list[Configuration], str]:
    """What chooses the epoch, in words too: the validation split, or nothing: the last is taken."""
    found = at(data, "validation", temperatures) if "validation" in data.splits else []
    if not found:
        return [], LAST_EPOCH
    known = sorted({c.temperature for c in found if c.temperature is not None})
    if len(known) == len(set(temperatures)):
        return found, VALIDATION_SPLIT
    return found, f"{VALIDATION_SPLIT} of T = {', '.join(f'{t:g}' for t in known)}"


class Predicts(Protocol):
    """What is scored: a model, or decoders on the representation of one."""

    @property
    def times(self) -> tuple[float, ...]:
        """Of the rows of a prediction."""

    @property
    def n_parameters(self) -> int:
        """Trained for this."""

    def predict(self, configuration: Configuration, /) -> NDArray[Any]:
        """Propensities (n_times, N)."""


def rows_at(
    predictor: Predicts,
    configurations: Sequence[Configuration],
    name: str,
    *,
    temperature: float,
    spent: Spent | None,
    validation: str | None,
) -> list[Row]:
    """Scores at each of the predictor's times, on the configurations that have labels then.

    Parameters
    ----------
    configurations
        Of one temperature, with all that is read.
    """
    rows = [
        row
        for evaluation in scored_where_known(predictor, configurations, name)
        for row in rows_of(
            evaluation, data=f"T={temperature:g}", parameters=predictor.n_parameters, spent=spent,
            validation=validation,
        )
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["type"], row["time"]))


def scored_where_known(
    predictor: Predicts, configurations: Sequence[Configuration], name: str
) -> list[Evaluation]:
    """An evaluation for each time of the predictor that some of the configurations have."""
    from ..evaluation.score import common_times, score

    predicted = [predictor.predict(c) for c in configurations]
    found = []
    for row, time in enumerate(predictor.times):
        known, values = [], {}
        for c, prediction in zip(configurations, predicted, strict=True):
            assert c.times is not None
            pairs = common_times([time], c.times.tolist())
            if pairs:
                known.append(c.at_times([pairs[0][1]], [time]))
                values[id(known[-1])] = prediction[[row]]
        if known:
            found.append(
                score(lambda c, v=values: v[id(c)], [time], known, model=name, data=name)  # type: ignore[misc]
            )
    return found
