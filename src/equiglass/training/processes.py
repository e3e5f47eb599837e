"""Training on several GPUs, or several CPU processes: what the processes do together.

``torchrun`` starts them, on one machine or on many, and tells each its place in the environment;
Lightning and PyTorch do the rest. One process is the ordinary case and needs none of this.
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

T = TypeVar("T")
# Quenches and the first epoch may take long on one process while the others wait.
PATIENCE = timedelta(hours=6)


def world_size() -> int:
    """Number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process among them, from 0."""
    return int(os.environ.get("RANK", "0")) if world_size() > 1 else 0


def per_machine() -> int:
    """Processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def share(items: Sequence[T]) -> list[T]:
    """The part of a list that is for this process: every so-many-th, from its own rank on."""
    return list(items[rank() :: world_size()])


@contextmanager
def together(accelerator: str = "auto") -> Iterator[None]:
    """Join the processes for the time of the context; nothing with a single one."""
    if world_size() == 1 or dist.is_initialized():
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
