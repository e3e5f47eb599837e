"""How heterogeneous mobility is over configurations and in space: chi_4 and S_4(q)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..evaluation.predictors import Predictor
from ..evaluation.score import measured_at
from ..models.propensity import PropensityModel
from ..simulation.target import DISPLACEMENT

Array = NDArray[np.floating[Any]]


def _deviations(
    configurations: Sequence[Configuration], mobilities: Sequence[Array], of_type: int
) -> tuple[list[Array], list[Array]]:
    """Positions and mobility minus its mean over all configurations, of one type."""
    masks = [c.types == of_type for c in configurations]
    chosen = [np.asarray(m, dtype=np.float64)[k] for m, k in zip(mobilities, masks, strict=True)]
    mean = np.concatenate(chosen).mean()
    positions = [
        c.positions[k].astype(np.float64) for c, k in zip(configurations, masks, strict=True)
    ]
    return positions, [m - mean for m in chosen]


def susceptibility(
    configurations: Sequence[Configuration], mobilities: Sequence[Array], *, of_type: int = 0
) -> float:
    """chi_4 = N <(m_c - <m>)^2>, m_c being the mean mobility of a configuration.

    N is the number of particles of the type. With isoconfigurational averages as mobilities this
    is the part of chi_4 that the initial structure decides (L. Berthier, R. Jack, PRE 76, 041509
    (2007)); NaN for a single configuration.

    Parameters
    ----------
    mobilities
        (N,) per configuration.
    """
    _, deviations = _deviations(configurations, mobilities, of_type)
    if len(deviations) < 2:
        return float("nan")
    n = float(np.mean([len(d) for d in deviations]))
    return n * float(np.var([d.mean() for d in deviations], ddof=1))


def structure_factor(
    configurations: Sequence[Configuration],
    mobilities: Sequence[Array],
    *,
    of_type: int = 0,
    q_max: float = 4.0,
    width: float | None = None,
) -> tuple[Array, Array]:
    """S_4(q) = <|sum_i dm_i exp(i q r_i)|^2> / N of mobility, dm the deviation from the mean.

    Averaged over configurations and over the wave vectors q = 2 pi n / L of a shell. At large q it
    is the variance of mobility, if neighbours do not move alike; chi_4 is its limit q -> 0.

    Parameters
    ----------
    mobilities
        (N,) per configuration.
    q_max
        Largest wave number, 1/sigma.
    width
        Of the shells; by default half of 2 pi / L of the largest box.

    Returns
    -------
    Mean wave number of every shell that holds a wave vector, and S_4 there.

    Raises
    ------
    InputError
        For a configuration that is not periodic in all its dimensions, or where no box has a wave
        vector up to ``q_max``.
    """
    positions, deviations = _deviations(configurations, mobilities, of_type)
    sums: list[tuple[Array, Array]] = []
    for c, points, m in zip(configurations, positions, deviations, strict=True):
        if not all(c.periodic[: c.dimensions]):
            raise InputError(
                "wave vectors need a periodic box", source=c.source, field="periodic",
                expected="all true", found=list(c.periodic),
            )  # fmt: skip
        vectors = _wave_vectors(c.box[: c.dimensions].astype(np.float64), q_max)
        sums.append((np.linalg.norm(vectors, axis=1), _intensity(vectors, points, m)))
    step = width or np.pi / max(float(c.box[: c.dimensions].max()) for c in configurations)
    q = np.concatenate([s[0] for s in sums])
    if not len(q):
        longest = max(float(c.box[: c.dimensions].max()) for c in configurations)
        raise InputError(
            "shorter than every wave vector of the box", source=configurations[0].source,
            field="q_max", expected=f"at least {2 * np.pi / longest:.3g}", found=f"{q_max:g}",
        )  # fmt: skip
    intensity = np.concatenate([s[1] for s in sums])
    # Shells around multiples of the step, so that the smallest wave vectors are one shell.
    shell = np.rint(q / step).astype(np.int64)
    counts = np.bincount(shell)
    filled = counts > 0
    means = [np.bincount(shell, weights=w)[filled] / counts[filled] for w in (q, intensity)]
    return means[0], means[1]


def _wave_vectors(box: Array, q_max: float) -> Array:
    """(n, dimensions) wave vectors of the box up to q_max, one of each pair q and -q."""
    highest = np.floor(q_max * box / (2 * np.pi)).astype(int)
    axes = [np.arange(-h, h + 1) for h in highest]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))
    # The second half of the symmetric grid, without its centre.
    grid = grid[len(grid) // 2 + 1 :]
    vectors = 2 * np.pi * grid / box
    chosen: Array = vectors[np.linalg.norm(vectors, axis=1) <= q_max]
    return chosen


def _intensity(vectors: Array, points: Array, m: Array, chunk: int = 1024) -> Array:
    """|sum_i m_i exp(i q r_i)|^2 / N for every wave vector."""
    result = [
        np.abs(np.exp(1j * (part @ points[:, : part.shape[1]].T)) @ m) ** 2 / len(m)
        for part in (vectors[k : k + chunk] for k in range(0, len(vectors), chunk))
    ]
    return np.concatenate(result) if result else np.empty(0)


def ornstein_zernike(q: Array, s: Array, *, q_fit: float = 2.0) -> tuple[float, float]:
    """S_4(0) and length xi of S_4(q) = S_4(0) / (1 + (q xi)^2), fitted at q <= q_fit.

    A straight line through 1 / S_4 against q^2; NaN where that does not rise.
    """
    low = (q <= q_fit) & (s > 0)
    if low.sum() < 3:
        return float("nan"), float("nan")
    slope, offset = np.polyfit(q[low] ** 2, 1 / s[low], 1)
    if slope <= 0 or offset <= 0:
        return float("nan"), float("nan")
    return float(1 / offset), float((slope / offset) ** 0.5)


@dataclass(frozen=True)
class FourPoint:
    """Four-point functions of one mobility field, over its variance: measured or predicted.

    Dividing by the variance over particles takes out that predictions vary less than what they
    predict. ``chi4`` and ``s4`` are 1 for mobilities that are independent of each other.
    """

    mobility: str
    time: float
    variance: float
    chi4: float
    xi: float
    q: list[float] = field(repr=False)
    s4: list[float] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, where what is not known is None."""
        content = asdict(self)
        for name in ("chi4", "xi"):
            if not np.isfinite(content[name]):
                content[name] = None
        content["s4"] = [value if np.isfinite(value) else None for value in self.s4]
        return content


def four_point(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    *,
    of_type: int = 0,
    q_max: float = 4.0,
    predict: Predictor | None = None,
) -> list[FourPoint]:
    """chi_4, S_4(q) and its length, at every time of the model, predicted and, if known, measured.

    Measured at the times at which the propensity of every particle of the type is known.

    Parameters
    ----------
    predict
        In place of the model's own, for one that watches it.

    Raises
    ------
    InputError
        For configurations of several temperatures, without a periodic box, or without particles of
        the type.
    """
    if model.card.target != DISPLACEMENT.name:
        raise InputError(
            "four-point functions are of displacements", source=model.card.name, field="target",
            expected=DISPLACEMENT.name, found=model.card.target,
        )  # fmt: skip
    for c in configurations:
        if not (c.types == of_type).any():
            raise InputError(
                "has no particles of the type whose mobility is looked at", source=c.source,
                field="types", expected=TYPE_NAMES[of_type], found=c.composition,
            )  # fmt: skip
    temperatures = sorted({c.temperature for c in configurations if c.temperature is not None})
    if len(temperatures) > 1:
        raise InputError(
            "four-point functions are averages at one temperature; take one with DATA@T",
            source=configurations[0].source,
            field="temperature",
            expected="one",
            found=temperatures,
        )
    fields: list[tuple[str, float, list[Array]]] = []
    predictions = [(predict or model.predict)(c) for c in configurations]
    for k, time in enumerate(model.times):
        fields.append(("predicted", time, [p[k] for p in predictions]))
    for time in model.times:
        measured = measured_at(configurations, time)
        # A sum over particles needs the mobility of every one of them.
        if measured is not None and all(
            np.isfinite(m[c.types == of_type]).all()
            for m, c in zip(measured, configurations, strict=True)
        ):
            fields.append(("measured", time, measured))
    return [
        _row(configurations, *field, of_type=of_type, q_max=q_max)
        for field in sorted(fields, key=lambda f: (f[1], f[0]))
    ]


def _row(
    configurations: Sequence[Configuration],
    mobility: str,
    time: float,
    values: list[Array],
    *,
    of_type: int,
    q_max: float,
) -> FourPoint:
    mine = [v[c.types == of_type] for v, c in zip(values, configurations, strict=True)]
    variance = float(np.concatenate(mine).var())
    unit = variance or float("nan")  # where all move alike nothing is known of how
    q, s4 = structure_factor(configurations, values, of_type=of_type, q_max=q_max)
    return FourPoint(
        mobility,
        time,
        variance,
        susceptibility(configurations, values, of_type=of_type) / unit,
        ornstein_zernike(q, s4)[1],
        q.tolist(),
        (s4 / unit).tolist(),
    )
