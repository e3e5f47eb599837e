"""One figure for each kind of study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .figures import blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]


def study_figure(kind: str, rows: Sequence[Row], type_name: str = "A") -> Figure:
    """Curves against time, or a matrix of temperatures, or curves against configurations."""
    mine = [r for r in rows if r["type"] == type_name]
    if kind == "temperature":
        return _matrix(mine, type_name)
    if kind == "transfer":
        return _transfer(mine, type_name)
    # Depth and size are ordered, inputs are not.
    return _curves(mine, type_name, "tab10" if kind == "inputs" else "viridis")


def _value(row: Row) -> float:
    return float("nan") if row["rho"] is None else float(row["rho"])


def _curves(rows: Sequence[Row], type_name: str, palette: str) -> Figure:
    from matplotlib import colormaps

    figure, axis = blank_figure(size=(7.5, 4.2))
    names = list(dict.fromkeys(r["variant"] for r in rows))
    spread = np.linspace(0, 0.92, len(names)) if palette == "viridis" else np.arange(len(names))
    colors = colormaps[palette](spread)
    for name, color in zip(names, colors, strict=True):
        mine = [r for r in rows if r["variant"] == name]
        times = [r["time"] for r in mine]
        label = f"{name} ({mine[0]['parameters']})"
        axis.plot(times, [_value(r) for r in mine], "o-", ms=4, color=color, label=label)
    first = [r for r in rows if r["variant"] == names[0]]
    if all(r["ceiling"] is not None for r in first):
        times = [r["time"] for r in first]
        axis.plot(times, [r["ceiling"] for r in first], "k--", lw=1, label="noise ceiling")
    axis.set(xscale="log", xlabel="time $t$ (LJ)", ylabel=rf"Pearson $\rho$, type {type_name}")
    axis.grid(alpha=0.25)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper", title="(parameters)")
    return figure


def _matrix(rows: Sequence[Row], type_name: str) -> Figure:
    """Rows: trained on; columns: tested at; one panel per time in units of tau_alpha."""
    times = sorted({r["time"] for r in rows})
    trained = list(dict.fromkeys(r["variant"] for r in rows))
    tested = list(dict.fromkeys(r["data"] for r in rows))
    figure, grid = blank_figure(
        1, len(times), size=(1.2 + 2.1 * len(times), 1.2 + 0.42 * len(trained))
    )
    for axis, time in zip(np.atleast_1d(grid), times, strict=True):
        values = np.array(
            [
                [
                    next(
                        _value(r)
                        for r in rows
                        if (r["variant"], r["data"], r["time"]) == (a, b, time)
                    )
                    for b in tested
                ]
                for a in trained
            ]
        )
        axis.imshow(values, vmin=0.2, vmax=0.9, cmap="viridis", aspect="auto")
        for (i, j), v in np.ndenumerate(values):
            axis.text(
                j, i, f"{v:.2f}", ha="center", va="center", fontsize=8,
                color="w" if v < 0.6 else "k",
            )  # fmt: skip
        axis.set_xticks(range(len(tested)), tested, fontsize=8)
        labels = trained if axis is np.atleast_1d(grid)[0] else [""] * len(trained)
        axis.set_yticks(range(len(trained)), labels, fontsize=8)
        axis.set_title(rf"$t/\tau_\alpha$ = {time:g}", fontsize=10)
        axis.set_xlabel("tested at", fontsize=9)
    np.atleast_1d(grid)[0].set_ylabel(f"trained at (ρ of type {type_name})", fontsize=9)
    return figure


def _transfer(rows: Sequence[Row], type_name: str) -> Figure:
    """ρ, averaged over times, against the number of target configurations."""
    parsed = []
    for r in rows:
        if r["variant"].count(",") != 2:
            continue
        target, n, method = r["variant"].split(",")
        parsed.append((target, int(n[2:]), method, _value(r)))
    targets = list(dict.fromkeys(p[0] for p in parsed))
    figure, grid = blank_figure(1, len(targets), size=(1 + 3.4 * len(targets), 3.4))
    for axis, target in zip(np.atleast_1d(grid), targets, strict=True):
        for method in ("frozen", "scratch", "fine-tuned"):
            numbers = sorted({p[1] for p in parsed if p[0] == target})
            means = [
                np.nanmean([p[3] for p in parsed if p[:3] == (target, n, method)]) for n in numbers
            ]
            axis.plot(numbers, means, "o-", label=method)
        axis.set(xlabel="target configurations", title=target, xticks=numbers)
        axis.grid(alpha=0.25)
    first = np.atleast_1d(grid)[0]
    first.set_ylabel(rf"Pearson $\rho$, type {type_name}, mean over times")
    first.legend(fontsize=8, frameon=False)
    return figure
