"""How far calibrated error bars hold: coverage of each configuration left out, and by size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calibrating import coverage, left_out, normal_factor
from .held_out import Calibrated

Floats = NDArray[np.float64]
NOMINAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.68, 0.8, 0.9, 0.95, 0.99)
DECILES = 10


def coverage_rows(found: Calibrated) -> list[dict[str, Any]]:
    """For each type and time: what the intervals of 68 and 95 % cover, of configurations left out.

    Mean and standard deviation over the configurations, each with the fit to all others; of the
    whole, ``error`` is the root mean square of the error, ``half_68`` and ``half_95`` the mean
    half widths, sigma.
    """
    rows = []
    for one in found.calibration.errors:
        parts = found.parts[one.type, one.time]
        tests = left_out(parts, one.type, one.time)
        row: dict[str, Any] = {"type": one.type, "time": one.time, "configurations": len(parts)}
        for level in (68, 95):
            values = [coverage(p, m, level / 100) for p, m in tests]
            row[f"covered_{level}"] = float(np.mean(values)) if values else None
            row[f"covered_{level}_std"] = float(np.std(values, ddof=1)) if values else None
        squares = np.concatenate([(p.label - p.predicted) ** 2 - p.noise**2 for p in parts])
        row["error"] = float(max(squares.mean(), 0.0) ** 0.5)
        deviations = np.concatenate([one.deviation(p.predicted, p.spread) for p in parts])
        row["half_68"] = float(one.factor_68 * deviations.mean())
        row["half_95"] = float(one.factor_95 * deviations.mean())
        rows.append(row | {k: getattr(one, k) for k in ("floor", "relative", "spread")})
    return rows


def curve(found: Calibrated, type_name: str, time: float) -> tuple[Floats, Floats]:
    """Shares that intervals of a normal distribution of the calibrated variance should cover.

    Returns
    -------
    Nominal and observed shares, (n,) each; of configurations left out, where there are several.
    """
    parts = found.parts[type_name, time]
    tests = left_out(parts, type_name, time)
    if not tests:
        (one,) = [e for e in found.calibration.errors if (e.type, e.time) == (type_name, time)]
        tests = [(parts[0], one)]
    observed = [
        np.mean([coverage(p, m, level, normal_factor(level)) for p, m in tests])
        for level in NOMINAL
    ]
    return np.array(NOMINAL), np.array(observed)


def by_size(found: Calibrated, type_name: str, time: float) -> tuple[Floats, Floats]:
    """Whether particles with large error bars have large errors: by deciles of the error bar.

    The deciles are those of each configuration: between configurations, a left-out one of large
    errors has the smaller error bars for it.

    Returns
    -------
    Stated and found root mean square errors, (10,) each, sigma, fewer of fewer particles; those
    found without the noise of labels, NaN where less than nothing is left. Of configurations left
    out, where there are several.
    """
    parts = found.parts[type_name, time]
    tests = left_out(parts, type_name, time)
    if not tests:
        (one,) = [e for e in found.calibration.errors if (e.type, e.time) == (type_name, time)]
        tests = [(parts[0], one)]
    stated, found_squares = [], []
    n_groups = min(DECILES, *(len(p.label) for p in parts))
    for p, m in tests:
        bars = m.deviation(p.predicted, p.spread)
        squares = (p.label - p.predicted) ** 2 - p.noise**2
        # Where all error bars are alike, by the prediction.
        groups = np.array_split(np.lexsort((p.predicted, bars)), n_groups)
        stated.append([(bars[g] ** 2).mean() for g in groups])
        found_squares.append([squares[g].mean() for g in groups])
    mean = np.mean(found_squares, axis=0)
    return np.sqrt(np.mean(stated, axis=0)), np.sqrt(np.where(mean > 0, mean, np.nan))
