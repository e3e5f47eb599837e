"""What cells share: train a network, score one. The only place that calls the training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

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


def fitted(
    config: TrainConfig,
    folder: Path,
    training: Dataset,
    validation: Dataset,
    preparation: Preparation,
    start: PropensityModel | None = None,
) -> PropensityModel:
    """A model trained in ``folder/run``, continued where it was stopped."""
    run = folder / "run"
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
    full = prepared(model, configurations, preparation)
    return score(model.predict, model.times, full, model=name, data=name)


def train_and_score(
    folder: Path, name: str, config: TrainConfig, preparation: Preparation
) -> list[Row]:
    """Train on the data's training split, score on its test split."""
    data = open_data(config).dataset
    splits = data.splits
    begun = perf_counter()
    model = fitted(config, folder, splits["train"], splits["validation"], preparation)
    seconds = perf_counter() - begun
    return rows_of(
        scored(model, list(splits["test"]), preparation, name),
        data=data.source,
        parameters=model.n_parameters,
        seconds=seconds,
        validation=VALIDATION_SPLIT,
    )
