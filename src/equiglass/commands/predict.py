"""``equiglass predict``: the propensity of every particle of a snapshot, or along a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack, overload

from ..analysis.along import Along
from ..data.dataset import Data
from ..data.moments import Frames
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..evaluation.prediction import Prediction
from ..models.members import error_bars
from ..models.over_states import OverStates, plans_of
from ..models.prepared import settled
from ..models.propensity import PropensityModel
from ..progress import track
from ..reporting.frames.output import ENDINGS
from ..reporting.predictions import write_predictions
from ..simulation.config import Cluster
from ..simulation.states import States, as_states
from ..streaming.jobs import Predict
from ..streaming.workers import where_of
from .averaging import Averaged
from .frames import about_frames, chosen_moments, refuse_memory, stream, warn_outside
from .models import Model, Watch, loaded, model_and_data
from .options import PathLike, Preparing, check_output, preparation_of
from .places import check_results


@overload
def predict(
    model: Model,
    snapshot: Data,
    *,
    output: PathLike | None = None,
    frames: None = None,
    states: int | States = 1,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> list[Prediction]: ...
@overload
def predict(
    model: Model,
    snapshot: Data | Trajectory,
    *,
    output: PathLike,
    frames: Frames,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    states: int | States = 1,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Along: ...
def predict(
    model: Model,
    snapshot: Data | Trajectory,
    *,
    output: PathLike | None = None,
    frames: Frames | None = None,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    states: int | States = 1,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> list[Prediction] | Along:
    """Predicted propensities of each configuration of a snapshot, or of frames of a trajectory.

    What of it is outside of the model's training domain is in the result, and a warning.

    Without ``frames`` the result is in memory. With them each frame is read, quenched and
    predicted in a worker process and written at once, so that a trajectory may be larger than
    memory; the same call continues a stopped one.

    Parameters
    ----------
    output
        File to write the predictions to as well: ``.extxyz``, ``.npz``, ``.gsd``, ``.lammpstrj``
        or ``.dump``, see :func:`equiglass.reporting.frames.output.write_frames`.
    frames
        Which frames of a trajectory, or configurations of a data set: ``start:stop:step`` as
        Python counts, a number or a slice; ``:`` for all.
    timestep
        Of the integration, tau_LJ, where a trajectory states steps and not times.
    scheduler
        Address of a Dask scheduler on whose workers to do it; they must see the same folders.
    cluster
        A YAML file with ``address`` or ``slurm``, as in the ``cluster`` of a simulation.
    states
        How many states near the snapshot to average over, itself among them, or how to make them,
        see :class:`equiglass.simulation.states.States`. More than one take a simulation from the
        snapshot, which needs its temperature, and which the result states.
    strict
        Whether a snapshot outside of the model's training domain is an error; nothing is written
        then.
    memory
        That the process shall not exceed, such as ``8GB``, for configurations so large that they
        are taken in slabs; by default what it has and half of what is free. Not with ``frames``.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If model and snapshot do not fit, frames are not there, the output cannot be written, the
        memory is not enough, or what a stopped call left belongs to another model, other data,
        frames or options.
    """
    target = None if output is None else check_output(output, endings=ENDINGS)
    how, asked = preparation_of(options), as_states(states)
    if frames is not None:
        refuse_memory(memory)
        if target is None:
            raise InputError("frames are written to a file", field="output", expected=ENDINGS)
        where = where_of(how.n_processes, scheduler, cluster)
        moments = chosen_moments(snapshot, frames, timestep, species, where)
        first = moments[0].configuration
        network = loaded(model, first)
        if asked is not None:
            plans_of(network, [first], asked)
        job = Predict(network, settled(network, [first], how), strict, states=asked)
        about = about_frames(job, moments, first)
        found = stream(target, snapshot, job, moments, where, about, progress=how.progress)
        warn_outside(network, found)
        return found
    if timestep is not None or scheduler is not None or cluster is not None:
        raise InputError("needs frames", field="timestep, scheduler, cluster", expected="frames=")
    assert not isinstance(snapshot, Trajectory)
    if target is not None:
        check_results([target], model, snapshot)
    network = loaded(model, snapshot, species)
    return _in_memory(network, snapshot, target, asked, strict, memory, species, options)


def _in_memory(
    network: PropensityModel,
    snapshot: Data,
    target: Path | None,
    states: States | None,
    strict: bool,
    memory: str | int | None,
    species: Sequence[str] | None,
    options: Preparing,
) -> list[Prediction]:
    network, configurations, limit = model_and_data(
        network, snapshot, species, options, memory=memory, states=states
    )
    watch = Watch(network, strict=strict, memory=limit)
    averaged = None
    if states is not None:
        averaged = Averaged(watch, configurations, preparation_of(options), states)
    predict_one = watch.predict if averaged is None else averaged.predict
    steps = sum(network.n_steps(len(c)) for c in configurations)
    with track("predict", steps, enabled=options.get("progress", False)) as advance:
        values = [predict_one(c, advance=advance) for c in configurations]
    over: Sequence[OverStates | None] = averaged.found if averaged else [None] * len(values)
    calibration = network.card.calibration
    predictions = []
    for c, v, found, one in zip(configurations, values, watch.found, over, strict=True):
        low, high = error_bars(network, c, v if one is None else one.snapshot) or (None, None)
        known = (c.potential, watch.knows, one, calibration)
        about = (network.times, v, network.card.name, found)
        predictions.append(Prediction(c, *about, *known, low, high, network.card.target))
    if target is not None:
        write_predictions(target, predictions)
    watch.warn()
    return predictions
