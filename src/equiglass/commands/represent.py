"""``equiglass represent``: what a network makes of every particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Unpack

import numpy as np

from ..analysis.representation import Representation
from ..analysis.representation import represent as run_represent
from ..data.dataset import Data
from ..evaluation.departures import outside
from ..written import whole
from .models import Model, Watch, model_and_data, potential_of
from .options import PathLike, Preparing, check_output

ENDINGS = (".npz",)


def represent(
    model: Model,
    data: Data,
    *,
    output: PathLike | None = None,
    time: float | None = None,
    n_components: int = 8,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Representation:
    """Each particle's representation, principal components and structural order parameter.

    Parameters
    ----------
    output
        File to write the arrays to as well, ``.npz``.
    time
        Of the order parameter; by default the model's time nearest to the relaxation time that the
        data state, else its last.
    strict, memory, options
        As in :func:`equiglass.commands.predict.predict`.

    Raises
    ------
    InputError
        If model and data do not fit, or the output cannot be written.
    """
    target = None if output is None else check_output(output, endings=ENDINGS)
    network, configurations, limit = model_and_data(
        model, data, species, options, memory=memory, features=True
    )
    watch = Watch(network, strict=strict, memory=limit)
    result = run_represent(
        network,
        configurations,
        n_components=n_components,
        time=time,
        predict=watch.predict,
        memory=limit,
    )
    result = replace(
        result,
        departures=tuple(watch.found),
        potential=potential_of(configurations),
    )
    if target is not None:
        with whole(target) as partial, partial.open("wb") as out:
            _write(out, result)
    watch.warn()
    return result


def _write(out: BinaryIO, result: Representation) -> None:
    """The particles of all configurations one after the other."""
    members, tau = result.configurations, result.relaxation_time
    np.savez_compressed(
        out,
        configuration=np.repeat(np.arange(len(members)), [len(c) for c in members]),
        types=np.concatenate([c.types for c in members]),
        positions=np.concatenate([c.positions for c in members]),
        box=np.stack([c.box for c in members]),
        source=np.array([c.source for c in members]),
        representation=np.concatenate(result.features).astype(np.float32),
        principal_components=np.concatenate(result.components).astype(np.float32),
        explained_variance=result.explained_variance,
        order_parameter=np.concatenate(result.order_parameters),
        order_parameter_time=result.time,
        relaxation_time=np.nan if tau is None else tau.value,
        relaxation_time_definition="" if tau is None else tau.definition,
        model=result.model,
        outside_domain=np.array(["; ".join(outside([found])) for found in result.departures]),
        accuracy=np.array([c.accuracy.name if c.accuracy else "" for c in members]),
        potential="" if result.potential is None else result.potential.model_dump_json(),
    )
