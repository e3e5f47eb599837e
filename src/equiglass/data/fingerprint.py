"""Fingerprints of what a model can learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from .configuration import Configuration
from .fields import FEATURE_FIELDS


def add_to(digest: Any, configuration: Configuration) -> None:
    """Let a hash take in the arrays of a configuration that a model can learn from."""
    c = configuration
    features = (getattr(c, name) for name in FEATURE_FIELDS)
    for array in (c.types, c.box, c.positions, c.times, c.propensity, *features):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
