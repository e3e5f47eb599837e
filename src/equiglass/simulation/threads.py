"""How many threads a quench takes."""

from __future__ import annotations

# From this many particles on, forces are summed by several threads; sums of few would not gain.
MANY, THREADS = 65_536, 4


def threads_for(n_particles: int) -> int:
    """Threads of a minimisation, by its size alone.

    The order of sums, and with it the last digits, follows from the number of threads: it must not
    follow from the machine. On fewer cores the threads take turns.
    """
    return THREADS if n_particles >= MANY else 1
