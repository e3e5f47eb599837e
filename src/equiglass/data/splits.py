"""Splits by configuration, never by particle."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .dataset import Dataset


def random_split(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Seeded split into (rest, held out); at least one configuration on each side.

    Raises
    ------
    InputError
        If there are fewer than two configurations.
    """
    n = len(dataset)
    if n < 2:
        raise InputError(
            "too few configurations to hold one out", source=dataset.source, expected="at least 2",
            found=n,
        )  # fmt: skip
    held = min(n - 1, max(1, round(fraction * n)))
    order = np.random.default_rng(seed).permutation(n)
    return dataset.take(sorted(order[held:])), dataset.take(sorted(order[:held]))


def folds(dataset: Dataset, n_folds: int, seed: int) -> list[tuple[Dataset, Dataset]]:
    """Cross-validation: (training, held-out) for each fold, every configuration held out once."""
    n = len(dataset)
    if not 2 <= n_folds <= n:
        raise InputError(
            "impossible number of folds",
            source=dataset.source,
            expected=f"2 to {n}",
            found=n_folds,
        )
    parts = np.array_split(np.random.default_rng(seed).permutation(n), n_folds)
    return [
        (dataset.take(sorted(set(range(n)) - set(part.tolist()))), dataset.take(sorted(part)))
        for part in parts
    ]
