"""Where trajectories run: Dask workers on this machine, behind an address, or in Slurm jobs."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import spawn
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..extras import need
from .config import Cluster, Slurm

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connect(settings: Cluster, n_workers: int = 1) -> Iterator[Client]:
    """A client of the workers, which are stopped at the end if they were started here.

    Parameters
    ----------
    n_workers
        Processes on this machine; ignored for an address and for Slurm.

    Raises
    ------
    InputError
        If nothing answers at the address.
    """
    import dask
    from distributed import Client

    options = {
        # A worker that dies takes its task with it; the task starts afresh elsewhere.
        "distributed.scheduler.allowed-failures": 10,
        "distributed.worker.multiprocessing-method": "spawn",
    }
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(options))
        stack.enter_context(_main_module_left_alone())
        # Errors of tasks come with their results. What is left tells of processes that are closed.
        stack.enter_context(_silent("distributed"))
        stack.enter_context(_silent("asyncio"))
        if settings.address:
            try:
                client = Client(settings.address, timeout=20)
            except OSError as error:
                raise InputError(
                    f"no Dask scheduler answers: {error}", field="cluster.address",
                    found=settings.address,
                ) from error  # fmt: skip
        else:
            with _held():
                cluster = stack.enter_context(_started(settings.slurm, n_workers))
            client = Client(cluster)
        yield stack.enter_context(client)


@contextmanager
def _main_module_left_alone() -> Iterator[None]:
    """Start new processes without the main module, which would run a script once more in each.

    Tasks are functions of this package, and Dask pickles those of a script by value. The loky
    processes of :mod:`equiglass.pool` do the same, but Dask cannot kill them when they hang.
    """
    original = spawn.get_preparation_data

    def without_main(name: str) -> dict[str, Any]:
        data = original(name)
        return {key: value for key, value in data.items() if not key.startswith("init_main")}

    spawn.get_preparation_data = without_main
    try:
        yield
    finally:
        spawn.get_preparation_data = original


@contextmanager
def _silent(logger: str) -> Iterator[None]:
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _held() -> Iterator[None]:
    """Put off what stops the command until the end: half a cluster cannot be closed."""
    caught: list[tuple[int, FrameType | None]] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        handlers = {number: how for number, how in known.items() if callable(how)}
        for number in handlers:
            signal.signal(number, lambda which, frame: caught.append((which, frame)))
    try:
        yield
    finally:
        for number, how in handlers.items():
            signal.signal(number, how)
        for which, frame in caught[:1]:
            handlers[signal.Signals(which)](which, frame)


def _started(slurm: Slurm | None, n_workers: int) -> Any:
    """A new cluster, which is a context manager."""
    from distributed import LocalCluster

    if slurm is None:
        # Workers that are stopped warn of what they leave; the command says it in its own line.
        return LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )  # fmt: skip
    cluster = _slurm(slurm)
    cluster.scale(jobs=slurm.jobs)
    return cluster


def _slurm(settings: Slurm) -> Any:
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        need("dask_jobqueue", why="Slurm")
        from dask_jobqueue import SLURMCluster
    finally:
        # Its import makes Ctrl-C leave the interpreter without a word.
        signal.signal(signal.SIGINT, interrupt)
    description = settings.model_dump(exclude={"jobs"}, exclude_none=True)
    description["job_extra_directives"] = list(settings.job_extra_directives)
    # Any free port for the dashboard.
    return SLURMCluster(**description, scheduler_options={"dashboard_address": ":0"})


def slurm_job_script(settings: Slurm) -> str:
    """The script that each Slurm job would run; nothing is submitted."""
    with _slurm(settings) as cluster:
        return str(cluster.job_script())
