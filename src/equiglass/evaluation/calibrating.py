"""Error bars from held-out predictions: fitted with the noise of labels taken off, and tested.

A label y is the propensity p plus noise of variance n^2, so (y - mu)^2 - n^2 is an unbiased draw
of the squared error (p - mu)^2. An interval that covers p covers y when it is widened by the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.calibration import ErrorModel

Floats = NDArray[np.floating[Any]]
LEVELS = (68, 95)
ROUNDS, BINS = 12, 20
SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions and labels of the particles of one type at one time in one configuration.

    Attributes
    ----------
    predicted, label, noise
        (n,) of the propensity, and the standard error of the label, sigma.
    spread
        (n,) of members that did not see it; None where there is one.
    """

    predicted: Floats
    label: Floats
    noise: Floats
    spread: Floats | None = None


def fit(parts: Sequence[HeldOut], type_name: str, time: float) -> ErrorModel:
    """The error model of held-out predictions, without its own test.

    Variances by weighted least squares with terms that are not negative, weights being those of
    normal errors; then the factors by which the intervals cover what they should.
    """
    from scipy.optimize import nnls

    whole = _joined(parts)
    terms = [np.ones_like(whole.predicted), whole.predicted**2]
    if whole.spread is not None:
        terms.append(whole.spread**2)
    features = np.stack(terms, axis=1)
    target = (whole.label - whole.predicted) ** 2 - whole.noise**2
    # The noise of single labels is itself noisy, and is correlated with them: not in the weights.
    noise = _by_bins(whole.noise**2, whole.predicted)
    variance = np.full(len(target), max(float(target.mean()), SMALLEST))
    shares = np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        weight = 1 / (variance + noise + SMALLEST)
        shares, _ = nnls(features * weight[:, None], target * weight)
        variance = features @ shares
    coefficients = np.sqrt(shares)
    model = ErrorModel(
        type=type_name,
        time=time,
        floor=float(coefficients[0]),
        relative=float(coefficients[1]),
        spread=float(coefficients[2]) if len(coefficients) > 2 else 0.0,
        factor_68=0.0,
        factor_95=0.0,
    )
    deviation = model.deviation(whole.predicted, whole.spread)
    factors = {
        f"factor_{level}": _factor(whole, deviation, level / 100, normal_factor(level / 100))
        for level in LEVELS
    }
    return model.model_copy(update=factors)


def normal_factor(level: float) -> float:
    """Half of the interval of a normal distribution that holds this share, in deviations."""
    from scipy.stats import norm

    return float(norm.ppf(0.5 + level / 2))


def coverage(part: HeldOut, model: ErrorModel, level: float, factor: float | None = None) -> float:
    """Share of the labels inside the intervals, widened by the labels' noise.

    Parameters
    ----------
    factor
        By default that of the model, for 0.68 and 0.95.
    """
    if factor is None:
        factor = {68: model.factor_68, 95: model.factor_95}[round(100 * level)]
    deviation = model.deviation(part.predicted, part.spread)
    return _covered(part, deviation, factor, normal_factor(level))


def left_out(
    parts: Sequence[HeldOut], type_name: str, time: float
) -> list[tuple[HeldOut, ErrorModel]]:
    """Each configuration with the error model of all others; empty for a single one."""
    if len(parts) < 2:
        return []
    return [(part, fit([p for p in parts if p is not part], type_name, time)) for part in parts]


def calibrated(parts: Sequence[HeldOut], type_name: str, time: float) -> ErrorModel:
    """The error model of all, with what it covers where it was not fitted."""
    model, tests = fit(parts, type_name, time), left_out(parts, type_name, time)
    if not tests:
        return model
    covered = {
        f"covered_{level}": float(np.mean([coverage(p, m, level / 100) for p, m in tests]))
        for level in LEVELS
    }
    return model.model_copy(update=covered)


def _factor(part: HeldOut, deviation: Floats, level: float, normal: float) -> float:
    """By bisection: coverage does not fall when intervals grow."""
    low, high = 0.0, 1.0
    while _covered(part, deviation, high, normal) < level and high < 1e3:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        if _covered(part, deviation, middle, normal) < level:
            low = middle
        else:
            high = middle
    return high


def _covered(part: HeldOut, deviation: Floats, factor: float, normal: float) -> float:
    half = np.sqrt((factor * deviation) ** 2 + (normal * part.noise) ** 2)
    return float((np.abs(part.label - part.predicted) <= half).mean())


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    spreads = [p.spread for p in parts if p.spread is not None]
    return HeldOut(
        np.concatenate([p.predicted for p in parts]),
        np.concatenate([p.label for p in parts]),
        np.concatenate([p.noise for p in parts]),
        np.concatenate(spreads) if len(spreads) == len(parts) else None,
    )


def _by_bins(values: Floats, by: Floats) -> Floats:
    """Means of ``values`` over particles with alike ``by``."""
    edges = np.quantile(by, np.linspace(0, 1, BINS + 1)[1:-1])
    places = np.searchsorted(edges, by)
    total = np.bincount(places, values, BINS)
    return np.asarray((total / np.maximum(np.bincount(places, minlength=BINS), 1))[places])
