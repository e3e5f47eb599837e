"""What cells share: train a network, score one. The only place that calls the training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..data.configuration import Configuration
from ..data.dataset import Dataset
from ..evaluation.score import Evaluation, score
from ..models.prepared import prepared
from ..models.propensity import PropensityModel
from ..simulation.preparation import Preparation
from ..training.config import TrainConfig
from ..training.folder import CONFIG
from ..training.run import train
from ..training.sources import open_data
from .base import VALIDATION_SPLIT, Row, rows_of
from .spent import Clock, Spent
from .unseen import by_temperature

RUN = "run"


def fitted(
    config: TrainConfig,
    folder: Path,
    training: Dataset,
    validation: Dataset,
    preparation: Preparation,
    start: PropensityModel | None = None,
) -> PropensityModel:
    """A model trained in ``folder/run``, continued where it was stopped."""
    run = folder / RUN
    return train(
        config,
        run,
        data=training,
        validation=validation,
        resume=(run / CONFIG).is_file(),
        preparation=preparation,
        progress=False,
        start=start,
    )


def scored(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    preparation: Preparation,
    name: str,
) -> Evaluation:
    """Scores on configurations, completed where the model needs it."""
    potential = preparation.potential or model.potential
    labels = [model.target.of(c, potential=potential) for c in configurations]
    full = prepared(model, labels, preparation)
    return score(model.predict, model.times, full, model=name, data=name, target=model.card.target)


def train_and_score(
    folder: Path, name: str, config: TrainConfig, preparation: Preparation
) -> list[Row]:
    """Train on the data's training split, score on its test split."""
    model, data, spent = fitted_on_splits(folder, config, preparation)
    return test_rows(model, data, spent, preparation, name)


def fitted_on_splits(
    folder: Path, config: TrainConfig, preparation: Preparation
) -> tuple[PropensityModel, Dataset, Spent]:
    """Train on the data's training split; the model, the data, and what it cost."""
    data = open_data(config).dataset
    splits = data.splits
    clock = Clock(folder / RUN)
    model = fitted(config, folder, splits["train"], splits["validation"], preparation)
    return model, data, clock.spent()


def test_rows(
    model: PropensityModel, data: Dataset, spent: Spent, preparation: Preparation, name: str
) -> list[Row]:
    """Scores on the test split, also at temperatures other than that of training.

    The column ``data`` names the data set, and the temperature where there are several.
    """
    splits, rows = data.splits, []
    groups = by_temperature(splits["train"], splits["test"])
    for temperature, members in groups.items():
        rows += rows_of(
            scored(model, members, preparation, name),
            data=data.source if len(groups) == 1 else f"{data.source}, {temperature}",
            parameters=model.n_parameters,
            spent=spent,
            validation=VALIDATION_SPLIT,
        )
    return rows
