"""Where independent trainings run: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from .errors import InputError


def _die_with(parent: int) -> None:
    """End this process when its parent is gone: killed outright, it could not say so."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def open_pool(n_processes: int = 1, scheduler: str | None = None) -> Iterator[Executor]:
    """An executor of tasks: new processes here, or a running Dask scheduler's workers.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler, such as ``tcp://host:8786``. Its workers must see the same
        folders as this process and should have one thread each.

    Raises
    ------
    InputError
        If no scheduler answers there.
    """
    if scheduler is not None:
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
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        n_processes, mp_context=context, initializer=_die_with, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
