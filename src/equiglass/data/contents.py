"""Configurations, hashed: of which data results are, and which structures are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from .configuration import Configuration


def contents(configurations: Iterable[Configuration]) -> str:
    """A hash of every array that is known and of all that is stated, in order.

    Unlike :meth:`equiglass.data.dataset.Dataset.fingerprint` it takes in inherent structures,
    energies, end positions, temperatures, relaxation times, and potential and accuracy by content.
    """
    digest = hashlib.sha256()
    for c in configurations:
        stated = (c.temperature, c.periodic, c.relaxation_time, c.n_trajectories)
        assumed = [None if part is None else part.content() for part in (c.potential, c.accuracy)]
        digest.update(repr((stated, assumed)).encode())
        for name, array in sorted(c.known.items()):
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def structure_print(c: Configuration) -> str:
    """What tells a structure from others: types and positions, hashed.

    Positions are in single precision, in which some formats store them.
    """
    digest = hashlib.sha256(c.types.astype(np.int64).tobytes())
    digest.update(np.ascontiguousarray(c.positions, dtype=np.float32).tobytes())
    return digest.hexdigest()
