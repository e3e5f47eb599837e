"""``equiglass evaluate``: how well a model does on measured propensities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from ..data.dataset import Data
from ..evaluation.score import Evaluation, compared_times, score
from ..memory import parse_memory
from ..models.prepared import prepared
from ..progress import track
from .models import Model, Watch, check_memory, chosen_split, loaded, name_of, potential_of
from .options import Preparing, preparation_of


def evaluate(
    model: Model,
    data: Data,
    *,
    split: str | None = None,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Evaluation:
    """Pearson correlations of a model's predictions with measured propensities.

    What of the data is outside of the model's training domain is in the result, and a warning.

    Parameters
    ----------
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
    strict
        Whether data outside of the model's training domain are an error.
    memory
        That the process shall not exceed, such as ``8GB``, for configurations so large that they
        are taken in slabs; by default what it has and half of what is free.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If model and data do not fit, or the memory is not enough.
    """
    limit = None if memory is None else parse_memory(memory)
    network, how = loaded(model), preparation_of(options)
    chosen = chosen_split(data, split, species)
    labelled = list(chosen)
    compared_times(network.times, labelled, chosen.source)  # before anything is quenched
    check_memory(network, labelled, limit, progress=how.progress)
    configurations = prepared(network, labelled, how)
    watch = Watch(network, strict=strict, memory=limit)
    with track("evaluate", len(configurations), enabled=how.progress) as advance:
        result = score(
            watch.predict,
            network.times,
            configurations,
            model=name_of(model),
            data=chosen.source,
            advance=advance,
        )
    watch.warn()
    return replace(
        result,
        departures=tuple(watch.found),
        potential=potential_of(configurations),
    )
