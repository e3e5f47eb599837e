"""``equiglass evaluate``: how well a model does on measured propensities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from ..data.dataset import Data
from ..data.frame_range import Frames
from ..data.trajectory import Trajectory
from ..evaluation.score import Evaluation, compared_times, score
from ..memory import parse_memory
from ..models.over_states import plans_of
from ..models.prepared import prepared
from ..progress import track
from ..simulation.states import States, as_states
from .averaging import Averaged
from .labelled import labelled
from .models import Model, Watch, check_memory, loaded, name_of, potential_of, warn_of_training
from .options import Preparing, preparation_of


def evaluate(
    model: Model,
    data: Data | Trajectory,
    *,
    split: str | None = None,
    states: int | States = 1,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    timestep: float | None = None,
    frames: Frames | None = None,
    **options: Unpack[Preparing],
) -> Evaluation:
    """Pearson correlations of a model's predictions with measured propensities.

    What of the data is outside of the model's training domain is in the result, and a warning; so
    is, in a warning, how many of the configurations it was trained on.
    Correlations with labels of few runs are too low; where their reliability is known or can be
    estimated, the estimate for the propensity itself stands beside them, with its interval.

    Parameters
    ----------
    data
        A data set, or a trajectory: its frames, labelled by what this run did after and before.
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
    states
        How many states near each snapshot to average over, as in
        :func:`equiglass.commands.predict.predict`; the score of the snapshots alone is beside the
        average's, with the difference and its interval.
    strict
        Whether data outside of the model's training domain are an error.
    memory
        That the process shall not exceed, such as ``8GB``, for configurations so large that they
        are taken in slabs; by default what it has and half of what is free.
    timestep, frames
        Of a trajectory, see :func:`equiglass.commands.labelled.labelled`.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If model and data do not fit, or the memory is not enough.
    """
    limit = None if memory is None else parse_memory(memory)
    network, how = loaded(model, data, species), preparation_of(options)
    found = labelled(
        data, network.times, split=split, species=species, timestep=timestep, frames=frames,
        target=network.target, potential=how.potential or network.potential,
    )  # fmt: skip
    compared_times(network.times, found.configurations, found.source)  # before anything is quenched
    check_memory(network, found.configurations, limit, progress=how.progress)
    asked, first = as_states(states), found.sampling.first.tolist()
    if asked is not None:
        plans_of(network, [found.configurations[k] for k in first], asked)
    configurations = found.completed(lambda part: prepared(network, part, how))
    watch = Watch(network, strict=strict, memory=limit)
    averaged = None
    if asked is not None:
        averaged = Averaged(watch, [configurations[k] for k in first], how, asked)
    labels: Any = {"model": name_of(model), "data": found.source, "sampling": found.sampling}
    labels["target"] = network.card.target
    with track("evaluate", len(found.sampling.first), enabled=how.progress) as advance:
        result = score(
            watch.predict if averaged is None else averaged.predict,
            network.times,
            configurations,
            **labels,
            advance=advance,
        )
    if averaged is not None:
        averaged.warn_of_fit()
        single = score(averaged.snapshots(), network.times, configurations, **labels)
        result = replace(result, over_states=tuple(averaged.found), snapshot=single)
    watch.warn()
    warn_of_training(network, [configurations[k] for k in first])
    return replace(
        result,
        departures=tuple(watch.found[s] for s in found.sampling.structures.tolist()),
        potential=potential_of(configurations),
    )
