"""The figures that several studies share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..drawing import blank_figure
from .base import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def of_type(rows: Sequence[Row], type_name: str) -> list[Row]:
    """The rows of one type."""
    return [row for row in rows if row["type"] == type_name]


def rho(row: Row) -> float:
    """Its correlation, NaN where it is not defined."""
    return float("nan") if row["rho"] is None else float(row["rho"])


def curves(rows: Sequence[Row], type_name: str, *, ordered: bool) -> Figure:
    """ρ against time, a curve for each variant, beside the noise ceiling.

    Parameters
    ----------
    ordered
        Whether the variants are steps of one quantity, which colours then follow.
    """
    from matplotlib import colormaps

    mine = of_type(rows, type_name)
    figure, axis = blank_figure(size=(7.5, 4.2))
    names = list(dict.fromkeys(row["variant"] for row in mine))
    colors = (
        colormaps["viridis"](np.linspace(0, 0.92, len(names)))
        if ordered
        else colormaps["tab10"](np.arange(len(names)))
    )
    for name, color in zip(names, colors, strict=True):
        curve = [row for row in mine if row["variant"] == name]
        times = [row["time"] for row in curve]
        label = f"{name} ({curve[0]['parameters']})"
        axis.plot(times, [rho(row) for row in curve], "o-", ms=4, color=color, label=label)
    first = [row for row in mine if row["variant"] == names[0]]
    if all(row["ceiling"] is not None for row in first):
        times = [row["time"] for row in first]
        axis.plot(times, [row["ceiling"] for row in first], "k--", lw=1, label="noise ceiling")
    axis.set(xscale="log", xlabel="time $t$ (LJ)", ylabel=rf"Pearson $\rho$, type {type_name}")
    axis.grid(alpha=0.25)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper", title="(parameters)")
    return figure
