"""Ridge regression with a penalty of its own for each target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extras import need

ALPHAS = tuple(np.logspace(-1, 5, 13))
Array = NDArray[np.floating[Any]]


def ridge(features: Array, targets: Array) -> tuple[Array, Array]:
    """Coefficients (D, T) and intercepts (T,), each time with its own best penalty.

    The penalty minimises the leave-one-out error (generalised cross-validation, scikit-learn's
    ``RidgeCV``). Targets that are not finite are left out.

    Parameters
    ----------
    features
        (n, D), standardised.
    targets
        (n, T).
    """
    need("sklearn", why="ridge regression")
    from sklearn.linear_model import RidgeCV

    known = np.isfinite(targets).all(axis=1)
    solver = RidgeCV(alphas=ALPHAS, alpha_per_target=targets.shape[1] > 1)
    solver.fit(features[known], targets[known])
    coefficients = np.atleast_2d(solver.coef_).T
    return coefficients, np.atleast_1d(solver.intercept_)
