"""``equiglass represent``: what a network makes of every particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Unpack, overload

import numpy as np

from ..analysis.along import Along
from ..analysis.representation import Representation, time_of_order_parameter
from ..analysis.representation import represent as run_represent
from ..data.dataset import Data
from ..data.moments import Frames
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..evaluation.departures import outside
from ..models.prepared import settled
from ..reporting.frames.output import ENDINGS as FRAME_ENDINGS
from ..reporting.frames.output import write_frames
from ..simulation.config import Cluster
from ..streaming.jobs import Predict
from ..streaming.workers import where_of
from ..written import whole
from .frames import about_frames, chosen_moments, refuse_memory, warn_outside
from .models import Model, Watch, loaded, model_and_data, potential_of
from .options import PathLike, Preparing, check_output, preparation_of
from .order import as_frames, stream_order
from .places import check_results


@overload
def represent(
    model: Model,
    data: Data,
    *,
    output: PathLike | None = None,
    frames: None = None,
    time: float | None = None,
    n_components: int = 8,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Representation: ...
@overload
def represent(
    model: Model,
    data: Data | Trajectory,
    *,
    output: PathLike,
    frames: Frames,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    time: float | None = None,
    n_components: int = 8,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Along: ...
def represent(
    model: Model,
    data: Data | Trajectory,
    *,
    output: PathLike | None = None,
    frames: Frames | None = None,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    time: float | None = None,
    n_components: int = 8,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Representation | Along:
    """Each particle's representation, principal components and structural order parameter.

    With ``frames`` one frame after the other, as :func:`equiglass.commands.predict.predict`; what
    is returned then has the order parameter along the trajectory, with its autocorrelation.

    Parameters
    ----------
    output
        File to write the arrays to as well, of any format that ``predict`` writes. The
        representation itself is in ``.npz`` alone; the others have its principal components.
    time
        Of the order parameter; by default the model's time nearest to the relaxation time that the
        data state, else its last.
    frames, timestep, scheduler, cluster, strict, memory, options
        As in :func:`equiglass.commands.predict.predict`.

    Raises
    ------
    InputError
        If model and data do not fit, or the output cannot be written; with ``frames`` as
        :func:`equiglass.commands.predict.predict`.
    """
    if frames is not None:
        refuse_memory(memory)
        if output is None:
            raise InputError("frames are written to a file", field="output", expected=FRAME_ENDINGS)
        place = check_output(output, endings=FRAME_ENDINGS)
        how = preparation_of(options)
        where = where_of(how.n_processes, scheduler, cluster)
        moments = chosen_moments(data, frames, timestep, species, where)
        first = moments[0].configuration
        network = loaded(model, first)
        row, stated = time_of_order_parameter(network, [first], time)
        job = Predict(network, settled(network, [first], how), strict, row)
        about = about_frames(job, moments, first)
        found = stream_order(
            place, data, job, moments, where, about, stated, n_components, progress=how.progress
        )
        warn_outside(network, found)
        return found
    if timestep is not None or scheduler is not None or cluster is not None:
        raise InputError("needs frames", field="timestep, scheduler, cluster", expected="frames=")
    assert not isinstance(data, Trajectory)
    target = None if output is None else check_output(output, endings=FRAME_ENDINGS)
    if target is not None:
        check_results([target], model, data)
    network = loaded(model, data, species)
    network.row_of(time)  # before anything is quenched
    network, configurations, limit = model_and_data(
        network, data, species, options, memory=memory, features=True
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
    if target is not None and target.suffix != ".npz":
        about, results = as_frames(result, known=watch.knows)
        write_frames(target, about, results)
    elif target is not None:
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
