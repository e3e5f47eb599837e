"""Walks through the edges of a large configuration, several pieces of them at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch

from ..geometry.slabs import Piece, Slabs
from .base import Visit, Walk

# Pieces at a time, at most: each has its edges in memory, and the sums that a layer makes of them.
AT_ONCE = 8


@contextmanager
def walking(
    slabs: Slabs, device: torch.device, advance: Callable[[], None] = lambda: None
) -> Iterator[Walk]:
    """A function that starts a walk: it hands every piece to a visitor, where the model is.

    On the CPU each thread takes pieces of its own. Threads that share one piece wait for each other
    after every operation, and whenever another process has taken one of their cores. What is
    computed for a piece is the same for any number of threads.

    Parameters
    ----------
    advance
        Called after each piece, by the thread that walks.
    """
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    n_workers = min(threads, AT_ONCE)

    def one(visit: Visit, piece: Piece) -> None:
        receivers, graph = piece()
        visit(receivers.to(device), graph.to(device))

    def alone(visit: Visit) -> None:
        for piece in slabs.pieces():
            one(visit, piece)
            advance()

    if n_workers == 1:
        yield alone
        return

    def begin() -> None:
        # Both belong to a thread, but new threads begin with the number that was set last.
        torch.set_num_threads(threads // n_workers)
        torch.set_grad_enabled(gradients)

    gradients = torch.is_grad_enabled()
    with ThreadPoolExecutor(n_workers, "pieces", begin) as pool:

        def side_by_side(visit: Visit) -> None:
            waiting: deque[Future[None]] = deque()

            def ended() -> None:
                waiting.popleft().result()
                advance()

            try:
                for piece in slabs.pieces():
                    waiting.append(pool.submit(one, visit, piece))
                    if len(waiting) == 2 * n_workers:
                        ended()
                while waiting:
                    ended()
            finally:
                for future in waiting:
                    future.cancel()

        try:
            yield side_by_side
        finally:
            torch.set_num_threads(threads)
