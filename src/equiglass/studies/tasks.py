"""What the cells of studies do: train and score, alone or from another model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Dataset, from_configurations, read
from ..evaluation.score import Evaluation, score
from ..models.propensity import PropensityModel
from ..models.ridge import ridge
from ..models.storage import load_model
from ..simulation.complete import complete
from ..simulation.preparation import Preparation
from ..training.config import TrainConfig
from ..training.folder import CONFIG
from ..training.run import train
from .grid import Row, rows_of
from .reduced import at_reduced_times


def fitted(
    config: TrainConfig,
    run: Path,
    training: Dataset,
    validation: Dataset,
    cache: Path | None,
    start: PropensityModel | None = None,
) -> PropensityModel:
    """A model trained in ``run``, continued where it was stopped."""
    return train(
        config,
        run / "run",
        data=training,
        validation=validation,
        resume=(run / "run" / CONFIG).is_file(),
        preparation=Preparation(cache=cache),
        progress=False,
        start=start,
    )


def scored(
    model: PropensityModel, configurations: Sequence[Configuration], cache: Path | None, name: str
) -> Evaluation:
    """Scores on configurations, completed where the model needs it."""
    full = complete(
        list(configurations), model.config.inputs.required_fields, cache=cache, progress=False
    )
    return score(model.predict, model.times, full, model=name, data=name)


def train_and_score(run: Path, name: str, config: TrainConfig, cache: Path | None) -> list[Row]:
    """Train on the data's training split, score on its test split."""
    data = read(config.data.path)
    splits = data.splits
    begun = perf_counter()
    model = fitted(config, run, splits["train"], splits["validation"], cache)
    seconds = perf_counter() - begun
    evaluation = scored(model, list(splits["test"]), cache, name)
    return rows_of(
        evaluation, variant=name, data=data.source, parameters=model.n_parameters, seconds=seconds
    )


def train_at_temperatures(
    run: Path,
    name: str,
    config: TrainConfig,
    temperatures: Sequence[float],
    tested: Sequence[float],
    cache: Path | None,
) -> list[Row]:
    """Train on some temperatures, score at each of others; times in units of tau_alpha."""
    data = at_reduced_times(read(config.data.path))

    def part(split: str, wanted: Sequence[float]) -> list[Configuration]:
        return [c for c in data.split(split) if c.temperature in wanted]

    begun = perf_counter()
    training = from_configurations(part("train", temperatures), f"{data.source} {name}")
    available = part("validation", temperatures) or list(training)
    model = fitted(config, run, training, from_configurations(available), cache)
    seconds = perf_counter() - begun
    rows = []
    for temperature in tested:
        evaluation = scored(model, part("test", [temperature]), cache, name)
        rows += rows_of(
            evaluation, variant=name, data=f"T={temperature:g}", parameters=model.n_parameters,
            seconds=seconds,
        )  # fmt: skip
    return rows


def transfer_and_score(
    run: Path,
    name: str,
    config: TrainConfig,
    source: Path,
    target: float,
    n_configurations: int,
    method: str,
    cache: Path | None,
) -> list[Row]:
    """Learn a target temperature from a few configurations, three ways.

    ``frozen``: the representation of the source model, new linear decoders by ridge regression;
    ``scratch``: a new network; ``fine-tuned``: the source network trained on.
    """
    data = at_reduced_times(read(config.data.path))

    def part(split: str) -> list[Configuration]:
        return [c for c in data.split(split) if c.temperature == target]

    few, test = part("train")[:n_configurations], part("test")
    begun = perf_counter()
    origin = load_model(source)
    if method == "frozen":
        evaluation = _frozen(origin, few, test, cache, name)
        parameters = None
    else:
        start = origin if method == "fine-tuned" else None
        validation = from_configurations(part("validation") or few)
        model = fitted(config, run, from_configurations(few), validation, cache, start)
        evaluation = scored(model, test, cache, name)
        parameters = model.n_parameters
    return rows_of(
        evaluation, variant=name, data=f"T={target:g}", parameters=parameters,
        seconds=perf_counter() - begun,
    )  # fmt: skip


def _frozen(
    origin: PropensityModel,
    few: Sequence[Configuration],
    test: Sequence[Configuration],
    cache: Path | None,
    name: str,
) -> Evaluation:
    fields = origin.config.inputs.required_fields
    few = complete(list(few), fields, cache=cache, progress=False)
    test = complete(list(test), fields, cache=cache, progress=False)
    readout = refit_decoders(origin, few)

    def predict(configuration: Configuration) -> np.ndarray[Any, np.dtype[np.float64]]:
        features = origin.represent(configuration)
        result = np.empty((readout[0].shape[2], len(configuration)))
        for t in range(len(readout[0])):
            mine = configuration.types == t
            result[:, mine] = (features[mine] @ readout[0][t] + readout[1][t]).T
        return result

    times = few[0].times
    assert times is not None
    return score(predict, times.tolist(), test, model=name, data=name)


def refit_decoders(
    model: PropensityModel, configurations: Sequence[Configuration]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Linear decoders on the frozen representation: weights (S, D, T) and intercepts (S, T)."""
    features = np.concatenate([model.represent(c) for c in configurations])
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([c.propensity.T for c in configurations])  # type: ignore[union-attr]
    scale = features.std(axis=0) + 1e-9
    n_types = int(types.max()) + 1
    weights = np.zeros((n_types, features.shape[1], targets.shape[1]))
    intercepts = np.zeros((n_types, targets.shape[1]))
    for t in range(n_types):
        mine = types == t
        weight, intercepts[t] = ridge(features[mine] / scale, targets[mine])
        weights[t] = weight / scale[:, None]
    return weights, intercepts
