"""``equiglass quench``: inherent structures and energies, in memory or into a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Unpack, overload

from ..analysis.along import Along
from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset, from_configurations, read
from ..data.moments import Frames, moments_of
from ..data.store import configuration_names, write_configuration
from ..data.trajectory import Trajectory
from ..errors import InputError
from ..evaluation.frames import About
from ..locks import writing
from ..progress import track
from ..reporting.frames.output import ENDINGS
from ..simulation.cage import Cages
from ..simulation.config import Cage, Cluster
from ..simulation.preparation import Preparation
from ..simulation.quench import iterate_quench, processes_for
from ..streaming.jobs import Quench
from ..streaming.workers import Task, Where, where_of, workers
from ..terminal import Terminal
from .assumed import assumptions
from .convert import names_of
from .frames import chosen_moments, stream
from .options import PathLike, Preparing, check_output, preparation_of
from .places import check_apart
from .quenched import begin_quenched


@overload
def quench(
    data: Data,
    output: PathLike | None = None,
    *,
    frames: None = None,
    species: Sequence[str] | None = None,
    cages: bool | Cage = False,
    **options: Unpack[Preparing],
) -> Dataset: ...
@overload
def quench(
    data: Data | Trajectory,
    output: PathLike,
    *,
    frames: Frames,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    species: Sequence[str] | None = None,
    cages: bool | Cage = False,
    **options: Unpack[Preparing],
) -> Along: ...
def quench(
    data: Data | Trajectory,
    output: PathLike | None = None,
    *,
    frames: Frames | None = None,
    timestep: float | None = None,
    scheduler: str | None = None,
    cluster: PathLike | Cluster | None = None,
    species: Sequence[str] | None = None,
    cages: bool | Cage = False,
    **options: Unpack[Preparing],
) -> Dataset | Along:
    """Every configuration with its inherent structure and both energies per particle.

    Parameters
    ----------
    output
        Store to write, each configuration as soon as it is done; the same call continues a stopped
        one. Configurations of a store keep their splits and, where these are unique and in order,
        their names; else they are numbered. By default the result is in memory only. With
        ``frames`` a file, as of
        :func:`equiglass.commands.predict.predict`, or a store.
    frames, timestep, scheduler, cluster
        As in :func:`equiglass.commands.predict.predict`.
    cages
        Whether cage positions are added where they are missing, or how: means over molecular
        dynamics at the temperature that the data state, with steps of 0.005 tau_LJ, behind a wall
        around each inherent position, see :class:`equiglass.simulation.config.Cage`. Data that
        have all of them are left as they are. Not with ``frames``.
    options
        See :class:`equiglass.commands.options.Preparing`; without ``cache`` nothing else is kept.

    Raises
    ------
    InputError
        For unreadable data, overlapping particles or a quench that does not converge; if the data
        are of another potential or less closely quenched than asked for; if cage positions are
        asked for and the data state no temperature, or some have them and others do not; or if the
        store is what is read, is being written by another process, or was begun from other data, or
        under another potential or accuracy, or with other cages.
    """
    confined = _cages(cages)
    if frames is not None:
        if confined is not None:
            raise InputError("cage positions go into a store, of a data set without frames",
                             field="cages", expected="a store, such as OUT.zarr",
                             found=str(output))  # fmt: skip
        assert output is not None
        how = preparation_of(options)
        return _along(data, Path(output), frames, timestep, scheduler, cluster, species, how)
    if timestep is not None or scheduler is not None or cluster is not None:
        raise InputError("needs frames", field="timestep, scheduler, cluster", expected="frames=")
    assert not isinstance(data, Trajectory)
    dataset = as_dataset(data, species=species)
    how = preparation_of(options)
    if output is None:
        configurations = list(dataset)
        how = how.resolved(configurations)
        if confined is not None and confined.needed(configurations):
            return from_configurations(_caged(dataset, how, confined), dataset.source)
        return from_configurations(list(_made(configurations, how)), dataset.source)
    target = check_output(output, folder=True)
    if target.suffix in ENDINGS:
        raise InputError("is no store; into a file goes what has frames", source=target,
                         field="frames", expected="frames=':' for all")  # fmt: skip
    check_apart(target, data, dataset)
    with writing(target):
        _into(target, dataset, how, confined)
    return read(target)


def _along(
    data: Data | Trajectory,
    output: Path,
    frames: Frames,
    timestep: float | None,
    scheduler: str | None,
    cluster: PathLike | Cluster | None,
    species: Sequence[str] | None,
    how: Preparation,
) -> Along:
    """Frame by frame, into a file or a store."""
    target = check_output(output, endings=(*ENDINGS, ".zarr"), folder=output.suffix == ".zarr")
    where = where_of(how.n_processes, scheduler, cluster)
    moments = chosen_moments(data, frames, timestep, species, where)
    first = moments[0].configuration
    job = Quench(how.resolved([first]))
    assumed = assumptions(moments)
    if how.potential is None and first.potential is None and job.how.potential is not None:
        assumed = (*assumed, f"potential {job.how.potential.name}, which the data do not record")
    about = About(
        "quench", moments.source, potential=job.how.potential, inputs=job.how.record(),
        assumed=assumed,
    )  # fmt: skip
    return stream(target, data, job, moments, where, about, progress=how.progress)


def _into(target: Path, dataset: Dataset, how: Preparation, cages: Cages | None) -> None:
    """Quench what is not in the store yet."""
    how = how.resolved(dataset)
    assert how.potential is not None
    if cages is not None and not cages.needed(dataset):
        cages = None
    begin_quenched(target, dataset, how.potential, how.chosen_accuracy, cages)
    done = set(configuration_names(target))
    names = names_of(dataset)
    if names != sorted(names) or not done <= set(names):
        # A store is read in the order of its names; one begun by an earlier version has numbers.
        names = [f"{k:05d}" for k in range(len(dataset))]
    todo = [k for k, name in enumerate(names) if name not in done]
    if done and how.progress:
        Terminal(stderr=True).print(
            f"{len(done)} of {len(names)} configurations are there already", highlight=False
        )
    for k, made in _each(dataset, how, todo, cages):
        write_configuration(target, names[k], made, dataset.entries[k].split)


def _each(
    dataset: Dataset, how: Preparation, todo: Sequence[int], cages: Cages | None
) -> Iterator[tuple[int, Configuration]]:
    """Some of a data set, as they are done: each is read by the process that quenches it."""
    task = Task(Quench(how, cages=cages), moments_of(dataset))
    where = Where(processes_for([len(dataset[k]) for k in todo], how.n_processes))
    with (
        track("quench", len(todo), enabled=how.progress) as advance,
        workers(task, where, len(todo)) as call,
    ):
        for k, result in call("run", todo):
            yield k, result.configuration
            advance()


def _caged(dataset: Dataset, how: Preparation, cages: Cages) -> list[Configuration]:
    """All in memory, with cage positions."""
    found = dict(_each(dataset, how, range(len(dataset)), cages))
    return [found[k] for k in range(len(dataset))]


def _cages(asked: bool | Cage) -> Cages | None:
    """How cage positions are made, if at all."""
    if isinstance(asked, Cage):
        return Cages(asked)
    if not isinstance(asked, bool):
        raise InputError("is not known", field="cages", expected="true, false or a Cage",
                         found=repr(asked))  # fmt: skip
    return Cages() if asked else None


def _made(configurations: Sequence[Configuration], how: Preparation) -> Iterator[Configuration]:
    assert how.potential is not None
    return iterate_quench(
        configurations,
        how.potential,
        accuracy=how.chosen_accuracy,
        n_processes=how.n_processes,
        cache=how.cache,
        progress=how.progress,
    )
