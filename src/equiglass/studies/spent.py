"""What a training has taken."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple


class Spent(NamedTuple):
    """Time, and the time of all processor cores together; the latter None where not known."""

    seconds: float
    core_seconds: float | None


class Clock:
    """Counts from when it is made, for all threads of this process.

    Quenches in processes of their own are not counted. Of a training that goes on where it was
    stopped the core seconds are not known.

    Parameters
    ----------
    run
        The folder of a training, which exists where it goes on.
    """

    def __init__(self, run: Path | None = None) -> None:
        self.whole = run is None or not run.exists()
        self.begun = perf_counter(), process_time()

    def spent(self) -> Spent:
        """Since then."""
        cores = process_time() - self.begun[1]
        return Spent(perf_counter() - self.begun[0], cores if self.whole else None)
