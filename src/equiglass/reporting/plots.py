"""Interactive figures of an evaluation, for pages."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..evaluation.correlation import mean_and_std
from ..evaluation.score import Evaluation
from ..simulation.target import TARGETS
from .figures import common_range, ranks_by_type
from .radii import radii_of


def rho_plot(evaluation: Evaluation) -> Any:
    """Correlation against time of every type, both kinds, beside the ceiling."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name in sorted({s.type for s in evaluation.scores}):
        scores = evaluation.of_type(name)
        times = [s.time for s in scores]
        moments = [mean_and_std(list(s.per_configuration)) for s in scores]
        figure.add_scatter(
            x=times,
            y=[m for m, _ in moments],
            error_y={"array": [d or 0.0 for _, d in moments]},
            name=f"{name}, per configuration",
        )
        figure.add_scatter(
            x=times, y=[s.pooled for s in scores], name=f"{name}, pooled", line={"dash": "dot"}
        )
        figure.add_scatter(
            x=times, y=[s.ceiling for s in scores], name=f"{name}, ceiling", mode="lines",
            line={"dash": "dash", "color": "grey"},
        )  # fmt: skip
    figure.update_xaxes(type="log", title="time t (LJ)")
    figure.update_yaxes(title="Pearson ρ", range=[0, 1])
    return figure


def scatter_plot(evaluation: Evaluation, most: int = 4000) -> Any:
    """Predicted against measured of type A at the last time, of some particles."""
    import plotly.graph_objects as go

    masks = [c.types == 0 for c in evaluation.configurations]
    measured, predicted = (
        np.concatenate([v[-1][m] for v, m in zip(arrays, masks, strict=True)])
        for arrays in (evaluation.measured, evaluation.predicted)
    )
    known = np.flatnonzero(np.isfinite(measured))
    chosen = known[np.random.default_rng(0).permutation(len(known))[:most]]
    figure = go.Figure(
        go.Scattergl(
            x=measured[chosen],
            y=predicted[chosen],
            mode="markers",
            marker={"size": 4, "opacity": 0.5},
        )
    )
    target = TARGETS[evaluation.target]
    figure.update_xaxes(
        title=target.label(f"measured {target.words} of A at t = {evaluation.times[-1]:g}")
    )
    figure.update_yaxes(title=target.label("predicted"))
    return figure


def configuration_plot(evaluation: Evaluation, *, ranks: bool = False) -> Any:
    """The first configuration in space, coloured by what is predicted and measured.

    As :func:`equiglass.reporting.figures.mobility_map` draws it, ``ranks`` among them.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    c = evaluation.configurations[0]
    figure = make_subplots(
        1, 2, specs=[[{"type": "scene"}] * 2], subplot_titles=("predicted", "measured")
    )
    both = [evaluation.predicted[0][-1], evaluation.measured[0][-1]]
    colours = [ranks_by_type(v, c.types) for v in both] if ranks else both
    low, high = (0.0, 1.0) if ranks else common_range(colours)
    label = TARGETS[evaluation.target].label()
    label = "rank within<br>the type" if ranks else f"{label}<br>t = {evaluation.times[-1]:g}"
    for k, values in enumerate(colours):
        x, y, z = c.positions.astype(np.float32).T
        figure.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers",
                showlegend=False,
                marker={
                    "size": 10 * radii_of(c)[0],
                    "color": values.astype(np.float32),
                    "cmin": low,
                    "cmax": high,
                    "colorbar": {"title": label},
                    "colorscale": "RdYlBu",
                    "reversescale": True,
                    "showscale": k == 1,
                    "line": {"width": 0},
                },
            ),
            row=1,
            col=k + 1,
        )
    figure.update_layout(height=560, margin={"l": 0, "r": 0, "t": 40, "b": 0})
    return figure
