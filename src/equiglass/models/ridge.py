"""Ridge regression with a penalty of its own for each target, chosen on what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """Coefficients (D, T), intercepts (T,) and penalties (T,), NaN where nothing was known.

    A penalty counts beside sums of squares over all rows, the largest weight being one. The
    smallest or largest of :data:`ALPHAS` says that none was tried beyond.
    """

    coefficients: Array
    intercepts: Array
    penalties: Array


def snapshot_numbers(configurations: Iterable[Configuration]) -> list[int]:
    """Number of each one's snapshot, in the order in which they appear.

    The examples of a run forward and backward from a frame are of one snapshot.
    """
    seen: dict[tuple[bytes, ...], int] = {}
    return [
        seen.setdefault((c.positions.tobytes(), c.types.tobytes(), c.box.tobytes()), len(seen))
        for c in configurations
    ]


def groups_of(
    configurations: Sequence[Configuration], snapshots: Sequence[int] | None = None
) -> Groups:
    """Groups (n, 2) of each particle of all configurations, for :func:`ridge`.

    A particle's neighbours tell its label: their averaged descriptors are nearly its own, and they
    move in the same runs. So the first group is the snapshot. These are numbered along every
    temperature at once, so that a fold, of consecutive numbers, is of all temperatures where each
    has as many snapshots as there are folds. The second, for where one snapshot alone is known, is
    the slab along x, a fifth of the box; slabs know of each other at their faces alone.

    Parameters
    ----------
    snapshots
        Number of each one's snapshot, the same for what must not be parted, such as a state at the
        end of a run and its start; by default :func:`snapshot_numbers`.
    """
    numbers = list(snapshot_numbers(configurations) if snapshots is None else snapshots)
    first: dict[int, Configuration] = {}
    for number, c in zip(numbers, configurations, strict=True):
        first.setdefault(number, c)
    of_temperature: dict[float | None, list[int]] = {}
    for number, c in first.items():
        of_temperature.setdefault(c.temperature, []).append(number)
    along = {
        number: (k + 0.5) / len(members)
        for members in of_temperature.values()
        for k, number in enumerate(members)
    }
    rank = {number: k for k, number in enumerate(sorted(along, key=along.__getitem__))}
    x = np.concatenate([c.positions[:, 0] / c.box[0] for c in configurations])
    return np.stack(
        [
            np.repeat([rank[n] for n in numbers], [len(c) for c in configurations]),
            np.clip((x * FOLDS).astype(np.int64), 0, FOLDS - 1),
        ],
        axis=1,
    )


def ridge(
    features: Array, targets: Array, groups: Groups | None = None, weights: Array | None = None
) -> RidgeFit:
    """Ridge regression, each target with its own best penalty.

    The penalty is the one of :data:`ALPHAS` with the least weighted squared error on groups that
    were left out: of five or more a fifth at a time, in their order, so that neighbours in a chain
    of starts stay together; of fewer each alone. A target that is not finite is left out, and one
    of which nothing is known becomes zero.

    Parameters
    ----------
    features
        (n, D), standardised; computed with in double precision.
    targets
        (n, T).
    groups
        (n, 2) of :func:`groups_of`; without them rows are left out, a fifth at a time in their
        order, which is for rows that know nothing of each other.
    weights
        (n, T) of the squared errors; by default all alike. Only what they are beside each other
        counts.

    Raises
    ------
    InputError
        If scikit-learn is not installed.
    """
    need("sklearn", why="ridge regression")
    finite = np.isfinite(targets)
    every = finite.astype(np.float64)
    if weights is not None:
        every = np.where(finite, weights, 0)
        every /= np.where(every.max(axis=0) > 0, every.max(axis=0), 1)
        finite = every > 0
    coefficients = np.zeros((features.shape[1], targets.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    penalties = np.full(targets.shape[1], np.nan)
    left = list(range(targets.shape[1]))
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
        folds = _folds(int(known.sum()), None if groups is None else groups[known])
        errors = _errors_left_out(x, y, given[known], folds)
        penalties[alike] = best = np.array(ALPHAS)[errors.argmin(axis=1)]
        coefficients[:, alike], intercepts[alike] = _solved(x, y, given[known], best)
    return RidgeFit(coefficients, intercepts, penalties)


def _folds(n: int, groups: Groups | None) -> list[NDArray[np.bool_]]:
    """Which of n rows (n,) are left out, time after time; none where all would be."""
    levels = [] if groups is None else list(groups.T)
    for level in (*levels, np.arange(n)):
        present = np.unique(level)
        if len(present) > 1:
            parts = np.array_split(present, min(FOLDS, len(present)))
            return [np.isin(level, part) for part in parts]
    return []


def _errors_left_out(
    x: Array, y: Array, weights: Array, folds: Sequence[NDArray[np.bool_]]
) -> Array:
    """Sum of weighted squared errors (T, n_alphas) on rows that were not learned from."""
    n_targets, n_alphas = y.shape[1], len(ALPHAS)
    errors = np.zeros((n_targets, n_alphas))
    for out in folds:
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
