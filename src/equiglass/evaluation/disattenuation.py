"""From the correlation with noisy labels to that with the propensity: rho / sqrt(reliability).

Spearman's correction (Am. J. Psychol. 15, 72 (1904)). Noise that is independent of the structure
lowers every predictor's correlation by the square root of the labels' reliability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[float, float]
Statistic = Callable[[NDArray[np.bool_]], tuple[float, float]]


@dataclass(frozen=True)
class Estimate:
    """A correlation with labels, their reliability, and the correlation with the propensity.

    Attributes
    ----------
    rho, rho_interval
        With the labels as they are.
    propensity, propensity_interval
        The estimate for the propensity itself. Not held below 1: chance can put it above.
    why
        Why something of this is None.
    """

    rho: float | None
    rho_interval: Interval | None = None
    reliability: float | None = None
    propensity: float | None = None
    propensity_interval: Interval | None = None
    why: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rho": self.rho,
            "rho_interval": _list(self.rho_interval),
            "reliability": self.reliability,
            "rho_propensity": self.propensity,
            "rho_propensity_interval": _list(self.propensity_interval),
            "why_not": self.why,
        }


def _list(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def estimate(
    statistic: Statistic,
    units: NDArray[np.integer[Any]] | None,
    n: int,
    why: str | None = None,
    *,
    noise_correlation: float = 0.0,
    confidence: float = 0.95,
) -> Estimate:
    """A correlation and its correction, with intervals from independent parts of the data.

    Variances and covariance of rho and reliability come from leaving out one part after another
    (the jackknife; of a mean over configurations, this is Student's interval). That of
    rho / sqrt(R) is all values that a test at the same level does not reject (Fieller, J. R. Stat.
    Soc. B 16, 175 (1954)): not symmetric, and there is none where R may be zero.

    Parameters
    ----------
    statistic
        rho and reliability, NaN if not known, of the configurations that a mask (n,) leaves.
    units
        (n,) number of the part that each configuration belongs to; None gives no intervals.
    why
        Why there are no units, or no reliability.
    noise_correlation
        How far the noise of two draws may be correlated, as a standard deviation: it adds to the
        error of the reliability that follows from their covariance.
    """
    from scipy.stats import t

    rho, reliability = statistic(np.ones(n, dtype=bool))
    if not np.isfinite(rho):
        return Estimate(None, why=why)
    covariance, freedom = None, 0
    numbers = np.unique(units) if units is not None else np.empty(0, dtype=np.int64)
    if len(numbers) > 1:
        freedom = len(numbers) - 1
        left = np.array([statistic(units != u) for u in numbers])
        covariance = np.cov(left.T, bias=True) * freedom
    quantile = float(t.ppf(0.5 + confidence / 2, freedom)) if freedom else 0.0
    interval = None
    if covariance is not None:
        half = quantile * float(covariance[0, 0]) ** 0.5
        interval = rho - half, rho + half
    if not np.isfinite(reliability):
        return Estimate(rho, interval, why=why)
    if reliability <= 0:
        why = "no more covariance between draws of the labels than by chance"
        return Estimate(rho, interval, reliability, why=why)
    corrected = rho / reliability**0.5
    if covariance is None or not np.isfinite(covariance).all():
        return Estimate(rho, interval, reliability, corrected, why=why)
    covariance[1, 1] += (noise_correlation * (1 - reliability)) ** 2
    bounds = _fieller(rho, reliability, covariance, quantile)
    if bounds is None:
        why = "no interval: by its error the reliability may be zero"
    return Estimate(rho, interval, reliability, corrected, bounds, why)


def _fieller(rho: float, reliability: float, covariance: Array, quantile: float) -> Interval | None:
    """All x for which rho - x sqrt(R) is within ``quantile`` standard errors of zero."""
    root = reliability**0.5
    v, w, u = covariance[0, 0], covariance[0, 1] / (2 * root), covariance[1, 1] / (4 * reliability)
    a = reliability - quantile**2 * u
    b = rho * root - quantile**2 * w
    c = rho**2 - quantile**2 * v
    if a <= 0:
        return None
    half = max(b * b - a * c, 0.0) ** 0.5
    return float((b - half) / a), float((b + half) / a)
