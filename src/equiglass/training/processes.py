"""Training on several GPUs, or several CPU processes: what the processes do together.

``torchrun`` starts them, on one machine or on many, and tells each its place in the environment;
Lightning and PyTorch do the rest. One process is the ordinary case and needs none of this. Once
the processes have met, their number and ranks are those of ``torch.distributed``; before, those
of the environment, if ``torchrun`` wrote it: a stray ``WORLD_SIZE`` alone means nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn, TypeVar

import torch
import torch.distributed as dist

from ..errors import InputError

T = TypeVar("T")
# Quenches and the first epoch may take long on one process while the others wait.
PATIENCE = timedelta(hours=6)
# What torchrun tells each process, all of it or nothing.
ENVIRONMENT = (
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT",
)  # fmt: skip


def under_torchrun() -> bool:
    """Whether ``torchrun`` started this process."""
    return all(name in os.environ for name in ENVIRONMENT)


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()


def _told(name: str, alone: int) -> int:
    return int(os.environ[name]) if under_torchrun() else alone


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if _joined() else _told("WORLD_SIZE", 1)


def rank() -> int:
    """The number of this process among them, from 0."""
    return dist.get_rank() if _joined() else _told("RANK", 0)


def per_machine() -> int:
    """Processes on this machine."""
    return _told("LOCAL_WORLD_SIZE", 1)


def share(items: Sequence[T]) -> list[T]:
    """The part of a list that is for this process: every so-many-th, from its own rank on."""
    return list(items[rank() :: world_size()])


@contextmanager
def together(accelerator: str = "auto") -> Iterator[None]:
    """Join the processes for the time of the context; nothing with a single one.

    Raises
    ------
    InputError
        If the caller has joined several processes in another way than ``torchrun``'s.
    """
    if world_size() > 1 and not under_torchrun():
        raise InputError(
            "several processes train together only under torchrun", found=f"{world_size()} joined"
        )
    if world_size() == 1 or _joined():
        yield
        return
    gpu = accelerator != "cpu" and torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if gpu else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def wait() -> None:
    """Return when all processes have come here."""
    if world_size() > 1:
        dist.barrier()


def total(value: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor over all processes, without gradient."""
    if world_size() == 1:
        return value
    summed = value.detach().clone()
    dist.all_reduce(summed)
    return summed


def start(n_processes: int, arguments: Sequence[str]) -> NoReturn:
    """Become ``torchrun`` with this many processes of ``equiglass`` on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(n_processes), "-m", "equiglass", *arguments]
    # Otherwise torchrun gives each process one thread, with a warning.
    threads = max(1, (os.cpu_count() or 1) // n_processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.execv(sys.executable, command)
