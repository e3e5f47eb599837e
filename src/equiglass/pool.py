"""Processes for independent tasks: of this machine, or the workers of a Dask cluster.

Processes of this machine come from loky. They never import the main module again, so that the
functions that use them work at the top level of a script, in a notebook and in ``python -``.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager, suppress
from typing import Any

from .errors import InputError
from .extras import need


def available_cores() -> int:
    """Cores that this process may use: its affinity, its container, its share of a pool."""
    from joblib.externals import loky

    return int(loky.cpu_count())


def worker_count(asked: int | None, n_tasks: int, *, within_cores: bool = False) -> int:
    """Number of processes for some tasks: as asked, else one per core; never more than tasks.

    Parameters
    ----------
    within_cores
        Whether more than the cores are of no use; what was asked for is cut to them.

    Raises
    ------
    InputError
        If fewer than one is asked for.
    """
    if asked is not None and asked < 1:
        raise InputError("too few processes", field="n_processes", expected=1, found=asked)
    if n_tasks <= 1:
        return 1  # without a look at the machine, for which loky would be imported
    wanted = available_cores() if asked is None else asked
    if within_cores:
        wanted = min(wanted, available_cores())
    return max(1, min(wanted, n_tasks))


Begin = tuple[Callable[..., None], tuple[Any, ...]]


def _begin_worker(parent: int, begin: Begin | None) -> None:
    """Tie a worker's life to its parent's, whatever ends that.

    A parent that was killed outright cannot say so: each worker looks for itself. Ctrl-C reaches
    every process of a terminal; the parent alone answers, and ends its workers.
    """
    from joblib.externals.loky import process_executor

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Otherwise loky replaces a worker that has grown by 300 MB, which a training does, and warns.
    process_executor._USE_PSUTIL = False

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    if begin is not None:
        function, arguments = begin
        function(*arguments)


def _local_pool(n_processes: int, threads: int | None, begin: Begin | None) -> Any:
    from joblib.externals import loky

    share = max(1, available_cores() // n_processes)
    # Read by the workers' own calls of available_cores: pools within pools share the cores.
    environment = {"LOKY_MAX_CPU_COUNT": str(share)}
    if threads is not None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment |= dict.fromkeys(names, str(threads))
    elif "OMP_NUM_THREADS" not in os.environ:
        environment["OMP_NUM_THREADS"] = str(share)
    return loky.ProcessPoolExecutor(
        n_processes,
        # Known to multiprocessing since loky was imported.
        context=multiprocessing.get_context("loky"),
        initializer=_begin_worker,
        initargs=(os.getpid(), begin),
        env=environment,
    )


def _end_at_once(pool: Any) -> None:
    """Kill the processes, and forget the tasks that none has begun.

    loky forgets tasks and still takes their numbers off its queue: its thread then fails, prints
    that, and leaves semaphores behind. Without numbers there is nothing to take.
    """
    # Not public: without it, in a later loky, what stopped the tasks is still what is said.
    numbers: queue.Queue[Any] = getattr(pool, "_work_ids", queue.Queue())
    with suppress(queue.Empty):
        while True:
            numbers.get(block=False)
    pool.shutdown(kill_workers=True)


@contextmanager
def open_pool(
    n_processes: int = 1,
    scheduler: str | None = None,
    *,
    threads: int | None = None,
    begin: Begin | None = None,
) -> Iterator[Executor]:
    """An executor of tasks: new processes here, or a running Dask scheduler's workers.

    Functions and arguments are pickled, those of the main module by value. When the context is
    left by an exception, Ctrl-C included, the processes end at once. They end within a second of
    a parent that was terminated or killed, too.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler, such as ``tcp://host:8786``. Its workers must see the same
        folders as this process and should have one thread each.
    threads
        Threads of each process here, by default its share of the cores.
    begin
        A function and its arguments, called once in each process here before its first task: what
        all tasks share is sent once.

    Raises
    ------
    InputError
        If no scheduler answers there, if fewer than one process is asked for, or if a process
        ended before its task.
    """
    if scheduler is not None:
        need("distributed", why="a Dask scheduler")
        from dask.distributed import Client

        try:
            client = Client(scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers: {error}", source=scheduler, field="scheduler"
            ) from error
        with client, client.get_executor(pure=False, retries=0) as executor:
            yield executor
        return
    pool = _local_pool(worker_count(n_processes, n_processes), threads, begin)
    try:
        yield pool
    except BrokenExecutor as error:
        _end_at_once(pool)
        raise InputError(
            "a process ended before its task was done; the system kills processes when memory "
            "runs out, which fewer of them need less of",
            field="n_processes",
            found=n_processes,
        ) from error
    except BaseException:
        _end_at_once(pool)
        raise
    pool.shutdown()
