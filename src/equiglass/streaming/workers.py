"""Where frames are worked on: in this process, in others of this machine, or by Dask."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.moments import Moments
from ..errors import InputError
from ..evaluation.frames import FrameResult
from ..pool import available_cores, open_pool, worker_count
from ..simulation.config import Cluster
from ..yaml_config import load_yaml
from .jobs import Job
from .results import save_result

# Tasks that are handed out ahead, so that no worker waits; and on Dask, where more may come.
AHEAD, AHEAD_ON_DASK = 3, 200


@dataclass(frozen=True, eq=False)
class Task:
    """One job on frames; it is sent to each worker once.

    Attributes
    ----------
    folder
        Where results are written as ``NUMBER.npz``; None to return them.
    """

    job: Job
    moments: Moments
    folder: Path | None = None

    def __call__(self, j: int) -> FrameResult | None:
        """Do the ``j``-th frame."""
        moment = self.moments[j]
        result = self.job(moment)
        if self.folder is None:
            return result
        save_result(self.folder / f"{moment.number:08d}.npz", result, moment.fingerprint())
        return None

    def origin(self, j: int) -> str:
        """The fingerprint of what the ``j``-th frame's result is made from."""
        return self.moments[j].fingerprint()


@dataclass(frozen=True)
class Where:
    """Where frames are worked on.

    Attributes
    ----------
    n_processes
        Of this machine, by default one per core.
    cluster
        A Dask scheduler's address or Slurm jobs, in their place.
    """

    n_processes: int | None = None
    cluster: Cluster | None = None


def where_of(
    n_processes: int | None,
    scheduler: str | None,
    cluster: str | os.PathLike[str] | Cluster | None,
) -> Where:
    """From options as users write them.

    Raises
    ------
    InputError
        If both a scheduler and a cluster are given, or the file of the cluster is wrong.
    """
    if scheduler is not None and cluster is not None:
        raise InputError("give a scheduler or a cluster, not both", field="scheduler")
    if scheduler is not None:
        return Where(n_processes, Cluster(address=scheduler, slurm=None))
    if cluster is None or isinstance(cluster, Cluster):
        return Where(n_processes, cluster)
    return Where(n_processes, load_yaml(Path(cluster), Cluster))


Call = Callable[[str, Iterable[int]], Iterator[tuple[int, Any]]]


@contextmanager
def workers(task: Task, where: Where, n_tasks: int) -> Iterator[Call]:
    """Yields what does a method of the task for numbers: pairs with its result, as they end.

    Raises
    ------
    InputError
        If no scheduler answers, a process ends before its task, or as the task.
    """
    if where.cluster is not None:
        with _dask(task, where) as call:
            yield call
        return
    n = worker_count(where.n_processes, n_tasks, within_cores=True)
    if n == 1:
        yield lambda name, numbers: ((j, _method(task, name)(j)) for j in numbers)
        return
    with open_pool(n, threads=1, begin=(_keep, (task,))) as pool:
        yield lambda name, numbers: _windowed(
            lambda j: pool.submit(_run_kept, name, j), numbers, AHEAD * n
        )


@contextmanager
def _dask(task: Task, where: Where) -> Iterator[Call]:
    from distributed.scheduler import KilledWorker

    from ..simulation.cluster import connect

    assert where.cluster is not None
    with connect(where.cluster, where.n_processes or available_cores()) as client:
        # A result like others, which is made again elsewhere when the worker that has it ends.
        kept = client.submit(_same, task, pure=False)
        with client.get_executor(pure=False, retries=0) as executor:
            try:
                yield lambda name, numbers: _windowed(
                    lambda j: executor.submit(_run_given, kept, name, j), numbers, AHEAD_ON_DASK
                )
            except KilledWorker as error:
                raise InputError(
                    "workers ended before a task was done, several times; the system kills "
                    "processes when memory runs out",
                    field="scheduler",
                ) from error


def _windowed(
    submit: Callable[[int], Future[Any]], numbers: Iterable[int], ahead: int
) -> Iterator[tuple[int, Any]]:
    """Results as they end, with a bounded number of tasks on their way."""
    waiting: dict[Future[Any], int] = {}
    todo = iter(numbers)
    more = True
    while more or waiting:
        while more and len(waiting) < ahead:
            j = next(todo, None)
            if j is None:
                more = False
            else:
                waiting[submit(j)] = j
        if not waiting:
            return
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            yield waiting.pop(future), future.result()


_task: list[Task] = []


def _keep(task: Task) -> None:
    _task[:] = [task]


def _run_kept(name: str, j: int) -> Any:
    return _method(_task[0], name)(j)


def _run_given(task: Task, name: str, j: int) -> Any:
    return _method(task, name)(j)


def _same(task: Task) -> Task:
    return task


def _method(task: Task, name: str) -> Callable[[int], Any]:
    return task.origin if name == "origin" else task
