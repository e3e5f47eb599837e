"""``equiglass compare``: several predictors on the same configurations."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, Unpack

from ..data.configuration import Configuration
from ..data.dataset import Data
from ..data.frame_range import Frames
from ..data.potential import Potential
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.compare import Comparison, Contender
from ..evaluation.predictors import STORED, NamedPredictor, Predictor, named_predictor
from ..evaluation.score import Evaluation, compared_times, score
from ..models.over_states import plans_of
from ..models.prepared import prepared
from ..models.propensity import PropensityModel
from ..progress import track
from ..simulation.preparation import Preparation
from ..simulation.states import States, as_states
from ..simulation.target import DISPLACEMENT, Target, one_target, target_shown
from .averaging import Averaged
from .labelled import Labelled, labelled
from .models import Model, Watch, loaded, name_of, potential_of, warn_of_training
from .options import Preparing, preparation_of


def compare(
    models: Sequence[Model],
    data: Data | Trajectory | Labelled,
    *,
    split: str | None = None,
    states: int | States = 1,
    strict: bool = False,
    species: Sequence[str] | None = None,
    timestep: float | None = None,
    frames: Frames | None = None,
    **options: Unpack[Preparing],
) -> Comparison:
    """Several predictors on the same configurations, each prepared for as it asks.

    They are scored at those times of the data that all of the models predict.

    Parameters
    ----------
    models
        Models as elsewhere, ``energy`` for the inherent energy alone, ``coarse-energy`` for its
        average over a Gaussian of width 2 sigma (``coarse-energy:1.5`` for another width), or
        ``stored:NAME`` for predictions that the data set's publishers stored.
    split, states, strict, timestep, frames, options
        As in :func:`equiglass.commands.evaluate.evaluate`.

    Raises
    ------
    InputError
        If a model and the data do not fit, or models predict no time in common or different
        targets.

    Warns
    -----
    AssumptionWarning
        If times are left out that only some of the models predict, and for each model that was
        trained on some of the configurations.
    """
    if not models:
        raise InputError("nothing to compare", field="models")
    named = [named_predictor(m) if isinstance(m, str) else None for m in models]
    networks = [
        loaded(m, _stated(data), species) if name is None else None
        for m, name in zip(models, named, strict=True)
    ]
    how = preparation_of(options)
    times = next((n.times for n in networks if n is not None), None)
    target = _target(data, networks, models)
    if isinstance(data, Labelled):
        found = data
    else:
        found = labelled(
            data, times, split=split, species=species, timestep=timestep, frames=frames,
            target=target, potential=how.potential or _potential(networks),
        )  # fmt: skip
    asked, first = as_states(states), found.sampling.first.tolist()
    for network in networks:
        if network is not None:  # before anything is quenched
            compared_times(network.times, found.configurations, found.source)
            if asked is not None:
                plans_of(network, [found.configurations[k] for k in first], asked)
    found = _at_common_times(found, networks)
    without = _without_model(how, networks, found.configurations)
    contenders = []
    n = len(found.sampling.first)
    with track("compare", len(models) * n, enabled=how.progress) as advance:
        for model, network, name in zip(models, networks, named, strict=True):
            inputs = _inputs(network, name, found, how if network else without)
            watch = None if network is None else Watch(network, strict=strict)
            averaged = None
            if watch is not None and asked is not None:
                of_each = [inputs[k] for k in first]
                averaged = Averaged(watch, of_each, how, asked, at_once=True)
            predictor, times = _predictor(averaged or watch, name, inputs)
            labels: Any = {"model": name_of(model), "data": found.source}
            labels |= {"sampling": found.sampling, "target": target.name}
            begun = perf_counter()
            evaluation = score(
                predictor,
                times,
                inputs,
                **labels,
                advance=advance,
            )
            seconds = (perf_counter() - begun) / n
            structures = found.sampling.structures.tolist()
            evaluation = replace(
                evaluation,
                departures=() if watch is None else tuple(watch.found[s] for s in structures),
                potential=potential_of(inputs),
                over_states=() if averaged is None else tuple(averaged.found),
            )
            if averaged is not None:
                averaged.warn_of_fit()
                alone = score(averaged.snapshots(), times, inputs, **labels)
                evaluation = replace(evaluation, snapshot=alone)
            if watch is not None:
                watch.warn()
                warn_of_training(watch.model, [inputs[k] for k in first], name_of(model))
            contenders.append(_contender(evaluation, network, seconds))
    return Comparison(contenders)


def _stated(data: Data | Trajectory | Labelled) -> Data | Trajectory:
    return data.configurations if isinstance(data, Labelled) else data


def _at_common_times(found: Labelled, networks: Sequence[PropensityModel | None]) -> Labelled:
    """With the labels at times that every model predicts, which alone can stand side by side."""
    times = found.configurations[0].times
    columns = [
        {j for _, j in compared_times(n.times, found.configurations, found.source)}
        for n in networks
        if n is not None
    ]
    if not columns or times is None:
        return found
    kept = [float(times[j]) for j in sorted(set.intersection(*columns))]
    if not kept:
        raise InputError(
            "the models predict no time of the data in common", source=found.source, field="times",
            expected=times.tolist(),
            found="; ".join(f"{', '.join(f'{times[j]:g}' for j in sorted(c))}" for c in columns),
        )  # fmt: skip
    if len(set.union(*columns)) > len(kept):
        warnings.warn(
            f"{found.source}: compared at the times that all models predict, "
            f"{', '.join(f'{t:g}' for t in kept)}",
            AssumptionWarning,
            stacklevel=3,
        )
    return found.at(kept)


def _inputs(
    network: PropensityModel | None,
    name: NamedPredictor | None,
    found: Labelled,
    how: Preparation,
) -> list[Configuration]:
    if network is not None:
        return found.completed(lambda part: prepared(network, part, how))
    fields = () if name is None else name.fields
    return found.completed(lambda part: how.complete(part, fields))


def _without_model(
    how: Preparation,
    networks: Sequence[PropensityModel | None],
    configurations: Sequence[Configuration],
) -> Preparation:
    """For what is no model: where the data record no potential, that of the models beside it."""
    if potential_of(configurations) is not None:
        return how
    own = _potential(networks)
    return how if own is None else how.under(own)


def _potential(networks: Sequence[PropensityModel | None]) -> Potential | None:
    return next((n.potential for n in networks if n is not None and n.potential is not None), None)


def _target(
    data: object, networks: Sequence[PropensityModel | None], models: Sequence[Model]
) -> Target:
    """What is compared: that of all models, else that of labels at hand, else displacements."""
    names = [n.card.target for n in networks if n is not None]
    target = one_target(names, ", ".join(name_of(m) for m in models))
    if not names and isinstance(data, Labelled):
        target = target_shown(data.configurations[0])
    stored = [m for m in models if isinstance(m, str) and m.startswith(STORED)]
    if stored and target is not DISPLACEMENT:
        raise InputError(
            "predictions that the publishers stored are of displacements", source=stored[0],
            field="target", expected=target.name, found=DISPLACEMENT.name,
        )  # fmt: skip
    return target


def _predictor(
    watch: Watch | Averaged | None,
    name: NamedPredictor | None,
    configurations: Sequence[Configuration],
) -> tuple[Predictor, tuple[float, ...] | None]:
    if isinstance(watch, Averaged):
        return watch.predict, watch.watch.model.times
    if watch is not None:
        return watch.predict, watch.model.times
    assert name is not None
    if not name.at_times_of_data:
        return name.predict, None
    times = configurations[0].times
    if times is None:
        raise InputError("has no propensity to compare with", source=configurations[0].source)
    return name.predict, tuple(times.tolist())


def _contender(
    evaluation: Evaluation, network: PropensityModel | None, seconds: float
) -> Contender:
    if network is None:
        return Contender(evaluation, None, None, None)
    training = network.card.notes.get("training_seconds")
    return Contender(evaluation, network.n_parameters, training, seconds)
