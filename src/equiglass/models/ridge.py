"""Ridge regression with a penalty of its own for each target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extras import need

ALPHAS = tuple(np.logspace(-1, 5, 13))
Array = NDArray[np.floating[Any]]


def ridge(features: Array, targets: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Coefficients (D, T) and intercepts (T,), each time with its own best penalty.

    The penalty minimises the leave-one-out error (generalised cross-validation, scikit-learn's
    ``RidgeCV``). A target that is not finite is left out, and one of which nothing is known
    becomes zero.

    Parameters
    ----------
    features
        (n, D), standardised.
    targets
        (n, T).
    weights
        (n, T) of the squared errors; by default all alike.
    """
    need("sklearn", why="ridge regression")
    from sklearn.linear_model import RidgeCV

    finite = np.isfinite(targets)
    coefficients = np.zeros((features.shape[1], targets.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    left = list(range(targets.shape[1]))
    every = np.ones_like(targets) if weights is None else weights
    while left:
        # Together where the same rows are known and weigh alike: what takes time is done once.
        known, given = finite[:, left[0]], every[:, left[0]]
        alike = [
            k
            for k in left
            if np.array_equal(finite[:, k], known) and np.array_equal(every[:, k], given)
        ]
        left = [k for k in left if k not in alike]
        if not known.any():
            continue
        solver = RidgeCV(alphas=ALPHAS, alpha_per_target=len(alike) > 1)
        mine = given[known]
        even = bool((mine == mine[0]).all())  # the same solution, faster without
        solver.fit(features[known], targets[known][:, alike], sample_weight=None if even else mine)
        coefficients[:, alike] = np.atleast_2d(solver.coef_).T
        intercepts[alike] = np.atleast_1d(solver.intercept_)
    return coefficients, intercepts
