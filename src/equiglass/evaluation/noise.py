"""How much of the variance of labels is noise: that of the mean over few runs about the propensity.

A label is propensity + noise, and the noise of one run is independent of that of another. What of
the noise is the same for all particles of a configuration (some runs are faster as a whole) does
not change correlations within it, but those pooled over configurations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration

Method = Literal["runs", "errors", "halves", "reversal", "repeats"]
METHODS: dict[Method, str] = {
    "runs": "the variance between the runs of each configuration",
    "errors": "standard errors over the runs of each configuration",
    "halves": "the two halves of the runs of each configuration",
    "reversal": "the run forward and backward from each frame, two draws of its propensity",
    "repeats": "labels of the same configuration from several runs",
}


@dataclass(frozen=True)
class Noise:
    """Variance of the labels' noise over the particles of one configuration.

    Attributes
    ----------
    within
        About the configuration's mean.
    total
        With that of the mean itself.
    """

    method: Method
    within: float
    total: float


def noise_of(c: Configuration, row: int, mask: NDArray[np.bool_]) -> Noise | None:
    """The noise of a label that is a mean over runs; None where nothing says how large it is.

    Parameters
    ----------
    row
        Which of the times.
    mask
        (N,) particles that are meant.
    """
    if not mask.any():
        return None
    if c.end_positions is not None and c.end_positions.shape[1] > 1:
        moved = c.end_positions[row][:, mask] - c.positions[mask]
        found = _between(np.linalg.norm(moved, axis=2).astype(np.float64))
        if found is not None:
            return found
    common = 0.0
    if c.propensity_halves is not None:
        half = c.propensity_halves[row][:, mask].astype(np.float64)
        difference = (half[0] - half[1]) / 2
        # One degree of freedom, of a small term.
        common = float(difference.mean()) ** 2
        if c.propensity_error is None:
            within = float(difference.var())
            return _known(Noise("halves", within, within + common))
    if c.propensity_error is not None:
        total = float((c.propensity_error[row][mask].astype(np.float64) ** 2).mean())
        return _known(Noise("errors", total - common, total))
    return None


def _between(lengths: NDArray[np.float64]) -> Noise | None:
    """From (R, n) labels of each run; runs that are not known in full are left out."""
    known = lengths[np.isfinite(lengths).all(axis=1)]
    n = len(known)
    if n < 2:
        return None
    total = float(known.var(axis=0, ddof=1).mean()) / n
    return Noise("runs", total - float(known.mean(axis=1).var(ddof=1)) / n, total)


def _known(noise: Noise) -> Noise | None:
    return noise if np.isfinite(noise.total) else None


def reliability(labels: NDArray[np.floating[Any]], noise: Noise) -> float:
    """Var(propensity) / Var(label) within one configuration; NaN for labels that are constant.

    With all runs known this is the mean over all splits of the runs into halves of what their
    covariance says (Cronbach, Psychometrika 16, 297 (1951)).
    """
    variance = float(np.var(labels, dtype=np.float64))
    return 1 - noise.within / variance if variance > 0 else float("nan")
