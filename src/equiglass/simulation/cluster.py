"""Where trajectories run: Dask workers on this machine, behind an address, or in Slurm jobs."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import spawn
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
        stack.enter_context(_only_errors("distributed"))
        if settings.address:
            try:
                client = Client(settings.address, timeout=20)
            except OSError as error:
                raise InputError(
                    f"no Dask scheduler answers: {error}", field="cluster.address",
                    found=settings.address,
                ) from error  # fmt: skip
        else:
            client = Client(stack.enter_context(_started(settings.slurm, n_workers)))
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
def _only_errors(logger: str) -> Iterator[None]:
    """Hide what a library logs below errors, such as workers that are being closed."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _started(slurm: Slurm | None, n_workers: int) -> Any:
    """A new cluster, which is a context manager."""
    from distributed import LocalCluster

    if slurm is None:
        # Workers that are stopped warn of what they leave; the command says it in its own line.
        return LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=logging.ERROR,
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
