"""One type at one time: the correlations with labels, and what they say of the propensity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from .correlation import mean_and_std, pearson
from .disattenuation import Estimate, estimate
from .noise import METHODS, Method, Noise, noise_of, reliability
from .predictors import Array
from .sampling import REVERSAL_CORRELATION, Sampling

Floats = NDArray[np.float64]
NOISE_UNKNOWN = "the noise of labels is not known: neither errors nor the runs are in the data"


@dataclass(frozen=True)
class Score:
    """Correlation of prediction and measurement for one type at one time.

    Attributes
    ----------
    per_configuration
        Pearson correlation in each configuration that has the type; NaN where it is not labelled.
    ceiling
        Mean over configurations of the best correlation the labels allow, None if not known.
    estimate, estimate_pooled
        Of the mean over configurations, and of all particles pooled: the correlation with the
        labels, their reliability, the correlation with the propensity, intervals.
    method
        How the reliability is known, see :data:`equiglass.evaluation.noise.METHODS`.
    reliabilities
        That of the labels of each configuration, NaN where not known.
    units
        Number of the independent part of the data that each configuration belongs to.
    moments
        n and the sums of p, m, p p, m m and p m over all particles, for predictions p and labels m:
        scores of parts of a data set can be pooled by adding them.
    """

    type: str
    time: float
    per_configuration: tuple[float, ...]
    pooled: float
    ceiling: float | None
    ceiling_pooled: float | None
    n_particles: int
    estimate: Estimate = field(default_factory=lambda: Estimate(None))
    estimate_pooled: Estimate = field(default_factory=lambda: Estimate(None))
    method: Method | None = None
    reliabilities: tuple[float, ...] = ()
    units: tuple[int, ...] | None = None
    moments: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The entry of the JSON output."""
        mean, std = mean_and_std(list(self.per_configuration))
        return {
            "type": self.type,
            "time": self.time,
            "per_configuration_mean": mean,
            "per_configuration_std": std,
            "per_configuration": [v if np.isfinite(v) else None for v in self.per_configuration],
            "pooled": self.pooled if np.isfinite(self.pooled) else None,
            "ceiling": self.ceiling,
            "ceiling_pooled": self.ceiling_pooled,
            "n_particles": self.n_particles,
            **self.estimate.as_dict(),
            "reliability_method": None if self.method is None else METHODS[self.method],
            "n_independent": None if self.units is None else len(set(self.units)),
            "pooled_estimate": self.estimate_pooled.as_dict(),
        }


@dataclass(frozen=True, eq=False)
class _Tally:
    """What each of C configurations contributes: sums, so that any part of them can be left out.

    Attributes
    ----------
    labels
        (C, 6) moments of prediction and label.
    draws
        (C, 6) moments of two labels of one structure, at the first configuration of each pair.
    noise
        (C,) sums of squares of the labels' noise; NaN where it is not known.
    """

    rho: Floats
    reliability: Floats
    labels: Floats
    draws: Floats
    noise: Floats

    def each(self, kept: NDArray[np.bool_]) -> tuple[float, float]:
        """Means over configurations."""
        return _mean(self.rho[kept]), _mean(self.reliability[kept])

    def pooled(self, kept: NDArray[np.bool_]) -> tuple[float, float]:
        """Of all particles together."""
        sums = self.labels[kept].sum(axis=0)
        noise = self.noise[kept]
        if np.isfinite(noise).all():
            # Where nothing is labelled, or all alike, neither is defined.
            variance = sums[4] - sums[2] ** 2 / sums[0] if sums[0] else 0.0
            reliability = 1 - float(noise.sum() / variance) if variance > 0 else float("nan")
            return correlation(sums), reliability
        return correlation(sums), correlation(self.draws[kept].sum(axis=0))


def score_of(
    configurations: Sequence[Configuration],
    predicted: Sequence[Array],
    measured: Sequence[Array],
    of_type: int,
    column: int,
    sampling: Sampling,
) -> Score:
    """The score of one type at one time.

    Parameters
    ----------
    predicted, measured
        (N,) of each configuration; labels that are NaN are not known and left out.
    column
        Which of the configurations' times.
    """
    time = float(configurations[0].times[column])  # type: ignore[index]
    has_type = np.array([bool((c.types == of_type).any()) for c in configurations])
    masks = [
        (c.types == of_type) & np.isfinite(m) for c, m in zip(configurations, measured, strict=True)
    ]
    p = [a[mask].astype(np.float64) for a, mask in zip(predicted, masks, strict=True)]
    m = [a[mask].astype(np.float64) for a, mask in zip(measured, masks, strict=True)]
    tally, method, why = _tally(configurations, p, m, masks, column, sampling, time)
    usable = np.isfinite(tally.rho)
    units, why_units = sampling.units(time)
    own = None if units is None else units[usable]
    of_each = _only(tally, usable)
    reason = why or why_units
    left = REVERSAL_CORRELATION if method == "reversal" else 0.0
    n = int(usable.sum())
    each = estimate(of_each.each, own, n, reason, noise_correlation=left)
    pooled = estimate(of_each.pooled, own, n, reason, noise_correlation=left)
    ceilings = [r**0.5 if r > 0 else np.nan for r in tally.reliability[usable]]
    if method in ("reversal", "repeats"):  # too noisy one by one
        ceilings = [each.reliability**0.5] if each.reliability and each.reliability > 0 else []
    return Score(
        type=TYPE_NAMES[of_type],
        time=time,
        per_configuration=tuple(tally.rho[has_type].tolist()),
        pooled=correlation(tally.labels.sum(axis=0)),
        ceiling=mean_and_std(list(ceilings))[0],
        ceiling_pooled=_root(pooled.reliability),
        n_particles=sum(len(a) for a in p),
        estimate=each,
        estimate_pooled=pooled,
        method=method,
        reliabilities=tuple(tally.reliability[has_type].tolist()),
        units=None if units is None else tuple(units[has_type].tolist()),
        moments=tuple(tally.labels.sum(axis=0).tolist()),
    )


def _tally(
    configurations: Sequence[Configuration],
    p: Sequence[Floats],
    m: Sequence[Floats],
    masks: Sequence[NDArray[np.bool_]],
    column: int,
    sampling: Sampling,
    time: float,
) -> tuple[_Tally, Method | None, str | None]:
    n = len(configurations)
    rho = np.array([pearson(a, b) if len(a) else np.nan for a, b in zip(p, m, strict=True)])
    labels = np.stack([_moments(a, b) for a, b in zip(p, m, strict=True)])
    share, noise, draws = np.full(n, np.nan), np.full(n, np.nan), np.zeros((n, 6))
    found: list[Noise | None] = [
        noise_of(c, column, mask) for c, mask in zip(configurations, masks, strict=True)
    ]
    labelled = [k for k in range(n) if len(m[k])]
    known = {k: one for k, one in enumerate(found) if one is not None}
    if known and set(labelled) <= set(known):
        for k in labelled:
            share[k] = reliability(m[k], known[k])
            noise[k] = known[k].total * len(m[k])
        noise[[k for k in range(n) if k not in labelled]] = 0.0
        methods = {one.method for one in known.values()}
        method: Method = next(name for name in METHODS if name in methods)
        return _Tally(rho, share, labels, draws, noise), method, None
    if known:
        why = "the noise of some labels is known and of others not"
        return _Tally(rho, share, labels, draws, noise), None, why
    pairs, why_none = sampling.pairs(time)
    correlations: dict[int, list[float]] = {}
    reversal = False
    for a, b in pairs:
        both = np.isfinite(_spread(m[a], masks[a])) & np.isfinite(_spread(m[b], masks[b]))
        if both.sum() > 1:
            x, y = _spread(m[a], masks[a])[both], _spread(m[b], masks[b])[both]
            draws[a] += _moments(x, y) + _moments(y, x)
            reversal |= bool(sampling.is_reversed[a] != sampling.is_reversed[b])
            for k in (a, b):
                correlations.setdefault(k, []).append(pearson(x, y))
    for k, values in correlations.items():
        share[k] = _mean(np.array(values))
    if not correlations and any((c.n_trajectories or 1) > 1 for c in configurations):
        why_none = NOISE_UNKNOWN
    if not correlations:
        why_none = why_none or "no configuration has two labels at this time"
        return _Tally(rho, share, labels, draws, noise), None, why_none
    return _Tally(rho, share, labels, draws, noise), "reversal" if reversal else "repeats", None


def _only(tally: _Tally, kept: NDArray[np.bool_]) -> _Tally:
    return _Tally(*(getattr(tally, name)[kept] for name in tally.__dataclass_fields__))


def _spread(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """(N,) with NaN for particles that are not meant."""
    result = np.full(len(mask), np.nan)
    result[mask] = values
    return result


def _moments(a: Floats, b: Floats) -> Floats:
    """N and the sums of a, b, a a, b b and a b."""
    return np.array([len(a), a.sum(), b.sum(), (a * a).sum(), (b * b).sum(), (a * b).sum()])


def correlation(sums: Floats) -> float:
    """Pearson's correlation from :attr:`Score.moments`; NaN where that is not defined."""
    n, a, b, aa, bb, ab = sums
    if n < 2:
        return float("nan")
    x, y = aa - a * a / n, bb - b * b / n
    # Of constants, rounding leaves a little.
    if x <= 1e-12 * abs(aa) or y <= 1e-12 * abs(bb):
        return float("nan")
    return float((ab - a * b / n) / (x * y) ** 0.5)


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _root(value: float | None) -> float | None:
    return None if value is None or value <= 0 else float(value**0.5)
