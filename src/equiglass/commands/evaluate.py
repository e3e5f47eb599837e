"""``equiglass evaluate``: how well a model does on measured propensities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from ..data.dataset import Data
from ..data.frame_range import Frames
from ..data.trajectory import Trajectory
from ..evaluation.score import Evaluation, compared_times, score
from ..memory import parse_memory
from ..models.prepared import prepared
from ..progress import track
from .labelled import labelled
from .models import Model, Watch, check_memory, loaded, name_of, potential_of
from .options import Preparing, preparation_of


def evaluate(
    model: Model,
    data: Data | Trajectory,
    *,
    split: str | None = None,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    timestep: float | None = None,
    frames: Frames | None = None,
    **options: Unpack[Preparing],
) -> Evaluation:
    """Pearson correlations of a model's predictions with measured propensities.

    What of the data is outside of the model's training domain is in the result, and a warning.
    Correlations with labels of few runs are too low; where their reliability is known or can be
    estimated, the estimate for the propensity itself stands beside them, with its interval.

    Parameters
    ----------
    data
        A data set, or a trajectory: its frames, labelled by what this run did after and before.
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
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
    network, how = loaded(model), preparation_of(options)
    found = labelled(
        data, network.times, split=split, species=species, timestep=timestep, frames=frames
    )
    compared_times(network.times, found.configurations, found.source)  # before anything is quenched
    check_memory(network, found.configurations, limit, progress=how.progress)
    configurations = found.completed(lambda part: prepared(network, part, how))
    watch = Watch(network, strict=strict, memory=limit)
    with track("evaluate", len(found.sampling.first), enabled=how.progress) as advance:
        result = score(
            watch.predict,
            network.times,
            configurations,
            model=name_of(model),
            data=found.source,
            sampling=found.sampling,
            advance=advance,
        )
    watch.warn()
    return replace(
        result,
        departures=tuple(watch.found[s] for s in found.sampling.structures.tolist()),
        potential=potential_of(configurations),
    )
