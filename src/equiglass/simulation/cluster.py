"""Where trajectories run: Dask workers on this machine, behind an address, or in Slurm jobs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .config import Cluster, Slurm

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connect(settings: Cluster, n_workers: int | None = None) -> Iterator[Client]:
    """A client of the workers, which are stopped at the end if they were started here.

    Parameters
    ----------
    n_workers
        Processes on this machine, by default one per core it may use; ignored for an address
        and for Slurm.

    Raises
    ------
    InputError
        If nothing answers at the address.
    """
    import dask
    from distributed import Client, LocalCluster

    # A worker that dies takes its task with it; the task starts afresh elsewhere.
    dask.config.set({"distributed.scheduler.allowed-failures": 10})
    logging.getLogger("distributed").setLevel(logging.ERROR)
    cluster: Any = None
    if settings.address:
        try:
            client = Client(settings.address, timeout=20)
        except OSError as error:
            raise InputError(
                f"no Dask scheduler answers: {error}", field="cluster.address",
                found=settings.address,
            ) from error  # fmt: skip
    else:
        if settings.slurm:
            cluster = _slurm(settings.slurm)
            cluster.scale(jobs=settings.slurm.jobs)
        else:
            cluster = LocalCluster(
                n_workers=n_workers or len(os.sched_getaffinity(0)),
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",
            )
        client = Client(cluster)
    try:
        yield client
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _slurm(settings: Slurm) -> Any:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise ImportError(
            "Slurm needs dask-jobqueue; install it with: pip install 'equiglass[slurm]'"
        ) from error
    description = settings.model_dump(exclude={"jobs"}, exclude_none=True)
    description["job_extra_directives"] = list(settings.job_extra_directives)
    # Any free port for the dashboard.
    return SLURMCluster(**description, scheduler_options={"dashboard_address": ":0"})


def slurm_job_script(settings: Slurm) -> str:
    """The script that each Slurm job would run; nothing is submitted."""
    with _slurm(settings) as cluster:
        return str(cluster.job_script())
