"""What a training changes outside of itself, put back as it was."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch


@contextmanager
def left_as_found() -> Iterator[None]:
    """Put back, at the end, what Lightning and PyTorch keep for the whole process.

    These are the random states, the environment (a seed, a workspace of cuBLAS), the choice of
    deterministic algorithms, the precision of matrix products and the number of threads. A
    program that trains goes on as if it had not.
    """
    with ExitStack() as stack:
        stack.callback(_restore_environment, dict(os.environ))
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        stack.callback(torch.set_rng_state, torch.get_rng_state())
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            stack.callback(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
        stack.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        for name in ("deterministic", "benchmark"):
            stack.callback(setattr, torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
        stack.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        yield


def _restore_environment(before: dict[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@contextmanager
def quiet() -> Iterator[None]:
    """Without Lightning's hints on hardware and hosted services, which are not about the run."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    hook = threading.excepthook

    def said_elsewhere(arguments: threading.ExceptHookArgs) -> None:
        # A thread of TensorBoard's that cannot write; its next call here raises the same.
        if not isinstance(arguments.exc_value, OSError):
            hook(arguments)

    threading.excepthook = said_elsewhere
    try:
        with warnings.catch_warnings():
            # One process loads samples that are in memory; more workers would only copy them.
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
            # With several processes one may have no configuration to validate on.
            warnings.filterwarnings("ignore", message=".*was called before the ``update``.*")
            # The correlations are those of all processes already.
            warnings.filterwarnings("ignore", message=".*recommended to use .self.log.*sync_dist.*")
            # Where predictions are all the same their correlation is not defined: NaN says it.
            warnings.filterwarnings("ignore", message=".*variance of predictions or target.*")
            warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
            yield
    finally:
        threading.excepthook = hook
        logger.setLevel(level)


@contextmanager
def interruptible() -> Iterator[None]:
    """Leave by the interrupt itself where Lightning would end the process; Ctrl-C works again."""
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):
            raise end.__context__ from None
        raise
    finally:
        if main:
            signal.signal(signal.SIGINT, handler)
