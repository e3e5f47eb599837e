"""Principal components of representations that do not fit into memory together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Components:
    """Principal components of standardised features, from sums over frames.

    The same as :func:`equiglass.analysis.representation.represent` finds for all at once.
    """

    def __init__(self, n_features: int) -> None:
        self._n = 0
        self._mean: Array = np.zeros(n_features)
        self._scatter: Array = np.zeros((n_features, n_features))

    def add(self, features: NDArray[np.floating[Any]]) -> None:
        """The features (N, D) of a frame."""
        values = features.astype(np.float64)
        n = len(values)
        mean = values.mean(axis=0)
        centred, shift = values - mean, mean - self._mean
        total = self._n + n
        # Pairwise update: sums of squares about a far mean would lose the digits that count.
        self._scatter += centred.T @ centred + np.outer(shift, shift) * (self._n * n / total)
        self._mean = self._mean + shift * (n / total)
        self._n = total

    def fit(self, n_components: int) -> Projection:
        """The components, the largest first."""
        std = np.sqrt(np.diag(self._scatter) / self._n) + 1e-12
        covariance = self._scatter / np.outer(std, std) / max(self._n - 1, 1)
        variances, vectors = np.linalg.eigh(covariance)
        order = np.argsort(variances)[::-1][: min(n_components, len(std), self._n)]
        chosen = vectors[:, order].T
        # The sign of a component is arbitrary: its largest loading is made positive.
        loading = chosen[np.arange(len(chosen)), np.abs(chosen).argmax(axis=1)]
        share = variances[order] / variances.sum()
        return Projection(self._mean, std, chosen * np.sign(loading)[:, None], share)


class Projection:
    """Features to components; ``explained_variance`` (K,) is the share of each."""

    def __init__(self, mean: Array, std: Array, vectors: Array, explained_variance: Array) -> None:
        self._mean, self._std, self._vectors = mean, std, vectors
        self.explained_variance = explained_variance

    def __call__(self, features: NDArray[np.floating[Any]]) -> Array:
        """(N, K) components of features (N, D)."""
        result: Array = (features - self._mean) / self._std @ self._vectors.T
        return result
