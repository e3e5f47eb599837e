"""The quench of a single snapshot beside the import of what predicts and draws.

Both take seconds, and neither needs the other: LAMMPS sums forces in one thread while Python
imports PyTorch in another. The quench goes to the cache, where the command finds it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace

from ..data.dataset import Data, as_dataset
from ..errors import InputError
from ..models.header import header_of
from ..models.prepared import prepared, settled
from ..progress import track
from .options import Preparing, preparation_of

# Particles, at most: imports are a small part of a longer quench, and whoever stops the command
# waits for the end of the present one.
LARGEST = 16_384
# Seconds until LAMMPS has its particles: one import can hold the interpreter for longer than that.
BEGUN = 0.1


def quench_ahead(
    model: str | os.PathLike[str],
    snapshot: Data,
    species: Sequence[str] | None,
    options: Preparing,
) -> Callable[[], None]:
    """Start the quench that a model needs of a single snapshot, without importing PyTorch.

    Returns
    -------
    A function that waits for it, and raises what went wrong. Where there is nothing to be made, it
    does nothing; so it does for what cannot be read or do not fit, of which the command itself
    speaks.
    """
    how = preparation_of(options)
    try:
        with warnings.catch_warnings():  # the command reads the snapshot again
            warnings.simplefilter("ignore")
            reader = header_of(model)
            dataset = as_dataset(snapshot, species=species)
            one = [dataset[0]] if len(dataset) == 1 else []
        if reader is None or not one or len(one[0]) > LARGEST:
            return _nothing
        how = settled(reader, one, how)
        if not how.announce(one, reader.required_fields):
            return _nothing
    except InputError:
        return _nothing
    # Not within a context: an error ends the command at once, the process with the quench.
    pool = ThreadPoolExecutor(1, thread_name_prefix="quench")
    future = pool.submit(prepared, reader, one, replace(how, progress=False))
    pool.shutdown(wait=False)
    wait_for([future], BEGUN)

    def wait() -> None:
        with track("quench", 1, enabled=how.progress) as advance:
            future.result()
            advance()

    return wait


def _nothing() -> None:
    """Wait for nothing."""
