"""Ridge regression with a penalty of its own for each target, chosen on what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..extras import need

# Noisy labels of many particles ask for large ones: they count beside sums over particles.
ALPHAS = tuple(np.logspace(-1, 7, 17))
# As cross-validation usually has; with fewer groups each is left out once.
FOLDS = 5
Array = NDArray[np.floating[Any]]
Groups = NDArray[np.int64]


class RidgeFit(NamedTuple):
    """Coefficients (D, T), intercepts (T,) and penalties (T,), NaN where nothing was known."""

    coefficients: Array
    intercepts: Array
    penalties: Array


def groups_of(
    configurations: Sequence[Configuration], snapshots: Sequence[int] | None = None
) -> Groups:
    """Group (n,) of each particle of all configurations, for :func:`ridge`.

    A particle's neighbours tell its label: their averaged descriptors are nearly its own, and they
    move in the same runs. So a snapshot is one group. Groups are numbered along every temperature
    at once, so that a fold, of consecutive numbers, is of all temperatures. Of one snapshot slabs
    along x are groups, which only their faces know of each other.

    Parameters
    ----------
    snapshots
        Number of each one's snapshot, the same for what must not be parted, such as a state at the
        end of a run and its start; by default each is one of its own.
    """
    numbers = list(range(len(configurations))) if snapshots is None else list(snapshots)
    if len(set(numbers)) > 1:
        of_temperature: dict[float | None, list[int]] = {}
        first: dict[int, Configuration] = {}
        for number, c in zip(numbers, configurations, strict=True):
            first.setdefault(number, c)
        for number, c in first.items():
            of_temperature.setdefault(c.temperature, []).append(number)
        along = {
            number: (k + 0.5) / len(members)
            for members in of_temperature.values()
            for k, number in enumerate(members)
        }
        groups = {number: k for k, number in enumerate(sorted(along, key=along.__getitem__))}
        sizes = [len(c) for c in configurations]
        return np.repeat(np.array([groups[n] for n in numbers], dtype=np.int64), sizes)
    x = np.concatenate([c.positions[:, 0] / c.box[0] for c in configurations])
    return np.clip((x * FOLDS).astype(np.int64), 0, FOLDS - 1)


def ridge(
    features: Array, targets: Array, weights: Array | None = None, groups: Groups | None = None
) -> RidgeFit:
    """Ridge regression, each target with its own best penalty.

    The penalty is the one of :data:`ALPHAS` with the least weighted squared error on groups that
    were left out, a fifth of them at a time, in their order: neighbours in a chain of starts stay
    together. A target that is not finite is left out, and one of which nothing is known becomes
    zero.

    Parameters
    ----------
    features
        (n, D), standardised.
    targets
        (n, T).
    weights
        (n, T) of the squared errors; by default all alike.
    groups
        (n,) as of :func:`groups_of`; without them, and where a target is known in one of them
        alone, each row is a group.
    """
    need("sklearn", why="ridge regression")
    every = np.ones(targets.shape)
    if weights is not None:  # only what they are beside each other counts
        most = np.where(weights.max(axis=0) > 0, weights.max(axis=0), 1)
        every = weights.astype(np.float64) / most
    finite = np.isfinite(targets) & (every > 0)
    coefficients = np.zeros((features.shape[1], targets.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    penalties = np.full(targets.shape[1], np.nan)
    left = list(range(targets.shape[1]))
    own = np.arange(len(targets)) if groups is None else groups
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
        # Single precision would lose the smallest penalties in the sums over particles.
        x, y = features[known].astype(np.float64), targets[known][:, alike].astype(np.float64)
        errors = _errors_left_out(x, y, given[known], own[known])
        penalties[alike] = best = np.array(ALPHAS)[errors.argmin(axis=1)]
        coefficients[:, alike], intercepts[alike] = _solved(x, y, given[known], best)
    return RidgeFit(coefficients, intercepts, penalties)


def _errors_left_out(x: Array, y: Array, weights: Array, groups: Groups) -> Array:
    """Sum of weighted squared errors (T, n_alphas) on rows that were not learned from."""
    present = np.unique(groups)
    if len(present) < 2:
        groups = present = np.arange(len(x))
    n_targets, n_alphas = y.shape[1], len(ALPHAS)
    errors = np.zeros((n_targets, n_alphas))
    for fold in np.array_split(present, min(FOLDS, len(present))):
        out = np.isin(groups, fold)
        if out.all():  # of one row
            continue
        alphas = np.tile(ALPHAS, n_targets)
        found, shift = _solved(x[~out], np.repeat(y[~out], n_alphas, axis=1), weights[~out], alphas)
        for k in range(n_targets):
            mine = slice(k * n_alphas, (k + 1) * n_alphas)
            away = x[out] @ found[:, mine] + shift[mine] - y[out, k, None]
            errors[k] += weights[out] @ away**2
    return errors


def _solved(x: Array, y: Array, weights: Array, alphas: Array) -> tuple[Array, Array]:
    """Coefficients (D, T) and intercepts (T,) of penalties (T,)."""
    from sklearn.linear_model import Ridge

    # This solver sums over rows once for all penalties.
    solver = Ridge(alpha=alphas, solver="cholesky").fit(x, y, weights)
    return np.atleast_2d(solver.coef_).T, np.atleast_1d(solver.intercept_)
