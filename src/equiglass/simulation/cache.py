"""Quenches that are kept: a file for each configuration, potential and accuracy, by content."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..data.accuracy import Accuracy
from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..data.potential import Potential
from ..errors import InputError
from ..files import partial_of, remove_stale
from .threads import threads_for
from .work import load_arrays, save_arrays


def fingerprint(configuration: Configuration, potential: Potential, accuracy: Accuracy) -> str:
    """Name of a quench in the cache: a hash of everything it depends on, of no name.

    A closer quench is not taken for one that was asked for: the answer would depend on what the
    cache happens to hold.
    """
    c = configuration
    depends = {
        "potential": potential.content(),
        "periodic": c.periodic,
        **accuracy.content(),
    }
    threads = threads_for(len(c))
    if threads > 1:
        depends["threads"] = threads  # sums over pairs are of that many parts
    digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode())
    for array in (c.types, c.box, c.positions, c.inherent_positions):
        if array is not None:
            digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()[:24]


def cached_file(
    configuration: Configuration, potential: Potential, accuracy: Accuracy, cache: Path
) -> Path:
    """Where the quench of a configuration is kept, or would be."""
    return cache / f"{fingerprint(configuration, potential, accuracy)}.npz"


def default_cache() -> Path:
    """``$EQUIGLASS_CACHE``, else ``$XDG_CACHE_HOME/equiglass``, else ``~/.cache/equiglass``."""
    if named := os.environ.get("EQUIGLASS_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "equiglass"


def begin_cache(cache: Path) -> None:
    """Make the folder, and see that it can be written; what dead processes left is removed.

    Raises
    ------
    InputError
        If it cannot be made or written: before the work that would be lost.
    """
    what = "made"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        what = "written to"
        trial = partial_of(cache / "trial")
        trial.touch()
        trial.unlink()
        remove_stale(cache)
    except OSError as error:
        raise InputError(
            f"the folder for quenches cannot be {what}: {error.strerror}; EQUIGLASS_CACHE names "
            "another",
            source=cache,
        ) from error


def with_made(
    configuration: Configuration, made: dict[str, Any], potential: Potential, accuracy: Accuracy
) -> Configuration:
    """A configuration with what a quench made of it, and under what.

    The accuracy is that of the inherent structure: one that was there before keeps its own.
    """
    known = configuration.inherent_positions is not None
    return configuration.replace(
        **made, potential=potential, accuracy=configuration.accuracy if known else accuracy
    )


def precision_of(configuration: Configuration) -> np.dtype[Any]:
    """Of the inherent positions that a quench makes: that of the positions, if they are floats."""
    dtype = configuration.positions.dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def load_cached(
    configuration: Configuration, potential: Potential, accuracy: Accuracy, cache: Path
) -> Configuration | None:
    """The configuration as it was quenched before; None if it was not, or the file is damaged."""
    try:
        stored = load_arrays(cached_file(configuration, potential, accuracy, cache))
        made = {name: stored[name] for name in MADE_FIELDS}
        if configuration.inherent_positions is None:
            # The same numbers in single and in double precision have one name in the cache.
            wanted, there = precision_of(configuration), made["inherent_positions"]
            if there.dtype.itemsize < wanted.itemsize:
                return None
            made["inherent_positions"] = there.astype(wanted)
        return with_made(configuration, made, potential, accuracy)
    except (InputError, KeyError, TypeError):
        return None


def store_cached(
    configuration: Configuration,
    made: Configuration,
    potential: Potential,
    accuracy: Accuracy,
    cache: Path,
) -> None:
    """Keep the quench of a configuration.

    Raises
    ------
    InputError
        If the disk is full or not writable.
    """
    arrays = {name: getattr(made, name) for name in MADE_FIELDS}
    save_arrays(cached_file(configuration, potential, accuracy, cache), **arrays)
