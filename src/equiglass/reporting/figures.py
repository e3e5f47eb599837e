"""Figures: correlation against time, predicted against measured, maps of mobility."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..drawing import blank_figure as blank_figure
from ..drawing import save as save
from ..evaluation.correlation import mean_and_std, pearson
from ..evaluation.prediction import Prediction
from ..evaluation.score import Evaluation, common_times
from ..simulation.target import DISPLACEMENT, TARGETS, Target
from .radii import radii_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.floating[Any]]
COLORS = ("#1b6ca8", "#d1495b", "#edae49", "#2e933c", "#6a4c93", "#5c5c5c", "#00a6a6", "#b56576")


def rho_against_time(evaluations: Sequence[Evaluation], type_name: str = "A") -> Figure:
    """Pearson correlation against time: mean over configurations with its spread, and pooled.

    The dashed line is the noise ceiling of the labels, where it is known.
    """
    figure, (left, right) = blank_figure(1, 2, size=(10.5, 3.6))
    for k, evaluation in enumerate(evaluations):
        scores = evaluation.of_type(type_name)
        times = [s.time for s in scores]
        moments = [mean_and_std(list(s.per_configuration)) for s in scores]
        means = np.array([np.nan if m is None else m for m, _ in moments])
        stds = np.array([0.0 if s is None else s for _, s in moments])
        color = COLORS[k % len(COLORS)]
        left.fill_between(times, means - stds, means + stds, color=color, alpha=0.15, lw=0)
        left.plot(times, means, "o-", color=color, label=Path(evaluation.model).name)
        right.plot(
            times, [s.pooled for s in scores], "o-", color=color, label=Path(evaluation.model).name
        )
    scores = evaluations[0].of_type(type_name)
    times = [s.time for s in scores]
    for axis, ceilings, title in (
        (left, [s.ceiling for s in scores], "per configuration, mean ± std"),
        (right, [s.ceiling_pooled for s in scores], "pooled over configurations"),
    ):
        if all(c is not None for c in ceilings):
            marker = "k--" if len(times) > 1 else "k_"
            axis.plot(times, ceilings, marker, lw=1, label="noise ceiling of the labels")
        axis.set(xscale="log", ylim=(min(0.0, axis.get_ylim()[0]), 1), xlabel="time $t$ (LJ)")
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.25)
    left.set_ylabel(rf"Pearson $\rho$, type {type_name}")
    # Beside the panels, which have no free corner for any number of models.
    right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def scatter(evaluation: Evaluation, type_name: str = "A", most_panels: int = 4) -> Figure:
    """Predicted against measured, one panel for each of a few times."""
    target = TARGETS[evaluation.target]
    n_times = len(evaluation.times)
    rows = np.unique(np.linspace(0, n_times - 1, min(n_times, most_panels)).astype(int))
    figure, axes = blank_figure(1, len(rows), size=(3.1 * len(rows) + 0.6, 3.3))
    index = "ABCDEFGH".index(type_name)
    masks = [c.types == index for c in evaluation.configurations]
    for axis, row in zip(np.atleast_1d(axes), rows, strict=True):
        x, y = (
            np.concatenate([values[row][mask] for values, mask in zip(arrays, masks, strict=True)])
            for arrays in (evaluation.measured, evaluation.predicted)
        )
        known = np.isfinite(x)
        x, y = x[known], y[known]
        if len(x):  # there may be no label at this time
            axis.hexbin(x, y, gridsize=50, bins="log", mincnt=1, cmap="viridis", lw=0)
            limits = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
            axis.plot(limits, limits, "k-", lw=0.7)
        axis.set_xlabel(f"measured {target.words}")
        axis.set_title(
            f"$t$ = {evaluation.times[row]:g}, pooled ρ = {pearson(x, y):.2f}", fontsize=9
        )
    np.atleast_1d(axes)[0].set_ylabel(f"predicted {target.words}, type {type_name}")
    return figure


def mobility_map(
    configuration: Configuration,
    predicted: Array,
    measured: Array | None,
    *,
    title: str = "",
    thickness: float = 1.2,
    ranks: bool = False,
    target: Target = DISPLACEMENT,
) -> Figure:
    """A slice of a configuration coloured by what is predicted, beside what was measured.

    Areas of particles are in proportion, by the diameters in the data or of the potential, see
    :func:`equiglass.reporting.radii.radii_of`.

    Parameters
    ----------
    predicted, measured
        (N,) of the target; without ``measured`` there is one panel.
    thickness
        Of the slice along z, sigma; two-dimensional configurations are shown whole.
    ranks
        Whether colours are ranks among the particles of the same type in place of values, so that
        types of different mobility, and predictions with less spread than measurements, can be
        compared by eye. Values of both panels have one scale, which holds all but the lowest and
        highest hundredth of what is shown.
    target
        What is shown.
    """
    panels: list[tuple[str, Array]] = [("predicted", predicted)]
    panels += [("measured", measured)] if measured is not None else []
    figure, axes = blank_figure(1, len(panels), size=(4.3 * len(panels) + 0.7, 4.6))
    lx, ly, lz = configuration.box
    in_slice = np.ones(len(configuration), dtype=bool)
    if configuration.dimensions == 3:
        in_slice = np.abs(configuration.positions[:, 2] - lz / 2) < thickness / 2
    order = np.flatnonzero(in_slice)
    order = order[np.argsort(configuration.positions[order, 2])]
    # Marker areas in points: the panel is about 4 inches wide.
    diameter = 2 * radii_of(configuration)[0]
    area = (diameter * 4.0 * 72 / max(lx, ly)) ** 2 * 0.8
    drawn: Any = None
    colored = [ranks_by_type(v, configuration.types) if ranks else np.asarray(v) for _, v in panels]
    low, high = (0.0, 1.0) if ranks else common_range([values[order] for values in colored])
    for axis, (name, _), values in zip(np.atleast_1d(axes), panels, colored, strict=True):
        drawn = axis.scatter(
            configuration.positions[order, 0],
            configuration.positions[order, 1],
            c=values[order],
            s=area[order],
            cmap="RdYlBu_r",
            vmin=low,
            vmax=high,
            edgecolors="k",
            linewidths=0.3,
        )
        axis.set(xlim=(0, lx), ylim=(0, ly), aspect="equal", xticks=[], yticks=[])
        axis.set_title(name, fontsize=11)
    bar = figure.colorbar(drawn, ax=np.atleast_1d(axes).tolist(), shrink=0.8)
    bar.set_label(target.rank if ranks else target.label())
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def common_range(values: Sequence[Array]) -> tuple[float, float]:
    """Of several arrays the first and last percentile together; wider than nothing."""
    known = np.concatenate([v[np.isfinite(v)] for v in values])
    if not len(known):
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(known, [1, 99]))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def prediction_map(prediction: Prediction, row: int, *, ranks: bool = False) -> Figure:
    """The map of a prediction at one of its times, beside what was measured then, if it was."""
    configuration = prediction.configuration
    measured = None
    target = TARGETS[prediction.target]
    labels = getattr(configuration, target.field)
    if labels is not None and configuration.times is not None:
        pairs = dict(common_times(prediction.times, configuration.times.tolist()))
        if row in pairs:
            measured = labels[pairs[row]]
    title = f"{target.words} at t = {prediction.times[row]:g}"
    return mobility_map(
        configuration, prediction.values[row], measured, title=title, ranks=ranks, target=target
    )


def ranks_by_type(values: Array, types: NDArray[np.integer[Any]]) -> Array:
    """Rank of each value among particles of its type, from 0 to 1; NaN where it is not known."""
    ranks = np.full(len(values), np.nan)
    for t in np.unique(types):
        chosen = (types == t) & np.isfinite(values)
        n = int(chosen.sum())
        ranks[chosen] = np.argsort(np.argsort(values[chosen])) / max(n - 1, 1)
    return ranks
