"""Fingerprints of data: which liquid, which labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .configuration import Configuration
from .fields import FEATURE_FIELDS


def add_to(digest: Any, configuration: Configuration) -> None:
    """Let a hash take in the snapshot of a configuration, its features and its propensity.

    Not what is made of a snapshot, inherent structures and energies.
    """
    c = configuration
    features = (getattr(c, name) for name in FEATURE_FIELDS)
    for array in (c.types, c.box, c.positions, c.times, c.propensity, *features):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
