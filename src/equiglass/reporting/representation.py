"""Pictures of representations and probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.representation import Representation, measured_mobility
from ..analysis.spatial import correlation_length, mobility_correlation
from ..simulation.target import TARGETS
from .figures import blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def representation_figure(result: Representation) -> Figure:
    """PC1 against PC2 coloured by S, and the spatial correlation of S and measured mobility."""
    configurations = result.configurations
    figure, (left, right) = blank_figure(1, 2, size=(9.5, 3.8))
    mine = np.concatenate([c.types for c in configurations]) == 0
    components = np.concatenate(result.components)[mine]
    order = np.concatenate(result.order_parameters)[mine]
    drawn = left.scatter(
        components[:, 0], components[:, 1], c=order, s=4, lw=0, cmap="RdYlBu_r", vmin=-2, vmax=2,
        rasterized=True,
    )  # fmt: skip
    left.set(xlabel="PC 1", ylabel="PC 2", title="representation of type A")
    figure.colorbar(drawn, ax=left, label="order parameter S")
    curves: list[tuple[str, Sequence[Any]]] = [("S, from structure", result.order_parameters)]
    measured = measured_mobility(result)
    if measured is not None:
        curves.append((f"measured {TARGETS[result.target].words}", measured))
    for name, values in curves:
        r, c = mobility_correlation(configurations, values)
        right.plot(r, c, "o-", ms=4, label=f"{name}, ξ = {correlation_length(r, c):.2f}")
    right.axhline(0, color="k", lw=0.7)
    right.set(xlabel="r (σ)", ylabel="C(r), type A", title=result.chosen)
    right.legend(fontsize=8, frameon=False)
    right.grid(alpha=0.25)
    return figure


def probe_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """R² of linear maps from each layer to radial densities and bond order, against radius."""
    from matplotlib import colormaps

    figure, axes = blank_figure(1, 2, size=(9.5, 3.8))
    layers = sorted({r["layer"] for r in rows})
    colors = colormaps["viridis"](np.linspace(0, 0.9, len(layers)))
    for axis, kind in zip(axes, ("radial", "angular"), strict=True):
        for layer, color in zip(layers, colors, strict=True):
            radii = sorted({r["radius"] for r in rows if r["kind"] == kind})
            values = [
                np.mean(
                    [
                        r["r2"]
                        for r in rows
                        if (r["layer"], r["kind"], r["radius"]) == (layer, kind, radius)
                    ]
                )
                for radius in radii
            ]
            axis.plot(radii, np.clip(values, -0.1, 1), "o-", ms=3, color=color, label=f"{layer}")
        axis.set(xlabel="radius of the shell (σ)", ylim=(-0.1, 1.02))
        axis.set_title("densities of A and B" if kind == "radial" else "bond order q$_1$ to q$_6$")
        axis.grid(alpha=0.25)
    axes[0].set_ylabel("R² of a linear map")
    axes[0].legend(fontsize=8, frameon=False, title="after layer")
    return figure
