"""The commands as functions: what ``import equiglass as eg`` offers beside reading data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .data.configuration import Configuration
from .data.dataset import Data as Data
from .data.dataset import Dataset, from_configurations
from .data.dataset import as_dataset as as_dataset
from .data.potential import load_potential
from .evaluation.compare import Contender
from .evaluation.score import Evaluation, Predictor, energy_predictor, score, stored_predictor
from .models.propensity import PropensityModel
from .models.storage import load_on_fastest
from .progress import track
from .simulation.complete import complete

if TYPE_CHECKING:
    from .training.config import TrainConfig

Model = str | os.PathLike[str] | PropensityModel


def quench(
    data: Data,
    *,
    potential: str = "kob-andersen",
    cache: str | os.PathLike[str] | None = None,
    n_processes: int | None = None,
    progress: bool = False,
) -> Dataset:
    """Every configuration with its inherent structure and both energies per particle.

    Parameters
    ----------
    potential
        Name, or path of a YAML file; see :class:`equiglass.data.potential.Potential`.
    cache
        Folder in which results are kept and looked for first; by default none.

    Raises
    ------
    InputError
        For unreadable data, overlapping particles or a quench that does not converge.
    """
    from .simulation.quench import quench as quench_all

    dataset = as_dataset(data)
    done = quench_all(
        list(dataset),
        load_potential(potential),
        n_processes=n_processes,
        cache=Path(cache) if cache else None,
        progress=progress,
    )
    return from_configurations(done, dataset.source)


def _loaded(model: Model) -> PropensityModel:
    """A model as it is, or the named one, on a GPU where there is one."""
    if isinstance(model, PropensityModel):
        return model
    return load_on_fastest(model)


def evaluate(
    model: Model,
    data: Data,
    *,
    split: str | None = None,
    quench_missing: bool = True,
    potential: str = "kob-andersen",
    cache: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Evaluation:
    """Pearson correlations of a model's predictions with measured propensities.

    Parameters
    ----------
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
    quench_missing, cache
        Whether inherent structures and energies that the model needs and the data lack are made,
        and where they are kept; see :func:`equiglass.simulation.complete.complete`.

    Raises
    ------
    InputError
        If model and data do not fit.
    """
    loaded = _loaded(model)
    dataset = as_dataset(data)
    if split is None:
        split = "test" if "test" in dataset.splits else "all"
    chosen = dataset.split(split)
    configurations = complete(
        list(chosen),
        loaded.config.inputs.required_fields,
        quench_missing=quench_missing,
        potential=load_potential(potential),
        cache=Path(cache) if cache else None,
        progress=progress,
    )
    name = loaded.card.name if isinstance(model, PropensityModel) else str(model)
    with track("evaluate", len(configurations), enabled=progress) as advance:
        return score(
            loaded.predict,
            loaded.times,
            configurations,
            model=name,
            data=chosen.source,
            advance=advance,
        )


def predict(
    model: Model,
    snapshot: Data,
    *,
    quench_missing: bool = True,
    potential: str = "kob-andersen",
    cache: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> list[tuple[Configuration, Any]]:
    """Predicted propensities, (n_times, N) in sigma, of each configuration of a snapshot.

    Returns pairs of the configuration, completed where the model needed it, and the prediction.
    """
    loaded = _loaded(model)
    configurations = complete(
        list(as_dataset(snapshot)),
        loaded.config.inputs.required_fields,
        quench_missing=quench_missing,
        potential=load_potential(potential),
        cache=Path(cache) if cache else None,
        progress=progress,
    )
    steps = sum(loaded.n_steps(len(c)) for c in configurations)
    with track("predict", steps, enabled=progress) as advance:
        return [(c, loaded.predict(c, advance=advance)) for c in configurations]


def compare(
    models: Sequence[Model],
    data: Data,
    *,
    split: str | None = None,
    quench_missing: bool = True,
    potential: str = "kob-andersen",
    cache: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> list[Contender]:
    """Several predictors on the same configurations.

    Parameters
    ----------
    models
        Models as elsewhere, ``energy`` for the inherent energy alone, or ``stored:NAME`` for
        predictions that the data set's publishers stored.

    Raises
    ------
    InputError
        If a model and the data do not fit.
    """
    loaded = [m if isinstance(m, PropensityModel) or _is_special(m) else _loaded(m) for m in models]
    dataset = as_dataset(data)
    if split is None:
        split = "test" if "test" in dataset.splits else "all"
    chosen = dataset.split(split)
    networks = [m for m in loaded if isinstance(m, PropensityModel)]
    fields = [f for m in networks for f in m.config.inputs.required_fields]
    if "energy" in loaded:
        fields.append("inherent_energy")
    configurations = complete(
        list(chosen),
        list(dict.fromkeys(fields)),
        quench_missing=quench_missing,
        potential=load_potential(potential),
        cache=Path(cache) if cache else None,
        progress=progress,
    )
    result = []
    with track("compare", len(loaded) * len(configurations), enabled=progress) as advance:
        for name, model in zip(models, loaded, strict=True):
            begun = perf_counter()
            predictor: Predictor
            times: tuple[float, ...] | None
            network = model if isinstance(model, PropensityModel) else None
            if network is not None:
                predictor, times = network.predict, network.times
            elif model == "energy":
                predictor, times = energy_predictor(), None
            else:
                predictor = stored_predictor(str(model).removeprefix("stored:"))
                times = tuple(configurations[0].times.tolist())  # type: ignore[union-attr]
            label = name.card.name if isinstance(name, PropensityModel) else str(name)
            evaluation = score(
                predictor,
                times,
                configurations,
                model=label,
                data=chosen.source,
                advance=advance,
            )
            seconds = (perf_counter() - begun) / len(configurations)
            result.append(
                Contender(
                    evaluation,
                    network.n_parameters if network else None,
                    network.card.notes.get("training_seconds") if network else None,
                    seconds if network else None,
                )
            )
    return result


def _is_special(model: Model) -> bool:
    return model == "energy" or str(model).startswith("stored:")


def train(
    config: TrainConfig | str | os.PathLike[str], run: str | os.PathLike[str], **options: Any
) -> PropensityModel:
    """Train a model; ``config`` is a YAML file or a :class:`TrainConfig`.

    Further arguments are those of :func:`equiglass.training.run.train`.
    """
    from .training.config import TrainConfig, load_config
    from .training.run import train as run_training

    settings = config if isinstance(config, TrainConfig) else load_config(os.fspath(config))
    return run_training(settings, run, **options)
