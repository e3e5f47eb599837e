"""A figure of what a model says along a trajectory, and the numbers behind it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.along import Along
from ..analysis.autocorrelation import decay_text
from ..simulation.target import DISPLACEMENT, TARGETS
from ..written import whole, write_text
from .figures import COLORS, blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS = (".csv", ".npz")


def along_figure(found: Along) -> Figure:
    """S(t), its autocorrelation with errors, and the predicted mean mobility against time.

    Bands are the standard deviation over particles, thin lines single particles; errors are those
    of independent stretches of time, left out where there are fewer than four.
    """
    figure, axes = blank_figure(1, 3, size=(12.5, 3.6))
    x = found.frames if found.times is None else found.times
    label = "frame" if found.times is None else "time (LJ)"
    _draw_order(axes[0], found, x)
    axes[0].set(xlabel=label, ylabel="order parameter S", title="mean, and some particles")
    decay = []
    for s, letter in enumerate(found.types):
        mine = [row for row in found.autocorrelation if row.type == letter]
        if not mine:
            continue
        errors = [np.nan if row.error is None else row.error for row in mine]
        axes[1].errorbar(
            [row.time for row in mine], [row.correlation for row in mine], errors, fmt="o-", ms=3,
            color=COLORS[s], label=letter,
        )  # fmt: skip
        if mine[0].decay_time is not None:
            decay.append(f"{letter}: 1/e {decay_text(mine[0])}")
    if found.autocorrelation:
        from matplotlib.ticker import NullFormatter

        axes[1].set_xscale("log")
        axes[1].xaxis.set_minor_formatter(NullFormatter())
        axes[1].axhline(0, color="k", lw=0.7)
        axes[1].legend(fontsize=8, frameon=False)
    axes[1].set(xlabel="lag (LJ)", ylabel="$C_S(t)$", title="; ".join(decay) or "autocorrelation")
    row = _row(found)
    target = TARGETS[found.about.target or DISPLACEMENT.name]
    for s, letter in enumerate(found.types):
        axes[2].plot(x, found.mobility[:, s, row], color=COLORS[s], label=letter)
    axes[2].set(
        xlabel=label, ylabel=target.label(f"mean predicted {target.words}"),
        title=f"{target.words} at t = {found.about.times[row]:g}",
    )  # fmt: skip
    axes[2].legend(fontsize=8, frameon=False)
    for axis in axes:
        axis.grid(alpha=0.25)
    return figure


def _draw_order(axis: Any, found: Along, x: Any) -> None:
    means, spreads = found.order_parameter, found.order_parameter_std
    if found.followed is not None:
        axis.plot(x, found.followed, lw=0.5, color="0.6")
    if means is None or spreads is None:
        return
    for s, letter in enumerate(found.types):
        color, mean, spread = COLORS[s], means[:, s], spreads[:, s]
        axis.fill_between(x, mean - spread, mean + spread, color=color, alpha=0.12, lw=0)
        axis.plot(x, mean, color=color, label=letter)
    axis.legend(fontsize=8, frameon=False)


def _row(found: Along) -> int:
    """Of the model's times, that of the order parameter; else the last."""
    time = found.about.more.get("order_parameter_time", found.about.times[-1])
    return found.about.times.index(time)


def write_numbers(path: Path, found: Along) -> None:
    """The numbers behind :func:`along_figure`.

    As CSV a table of frames and types (``frame, time, type, order_parameter,
    order_parameter_std, mobility_t...``), then an empty line and one of lags (``type, time,
    correlation, error, n_origins, n_blocks, decay_time``). As npz ``frame``, ``frame_time``,
    ``mobility`` (F, S, T) or, of bonds, ``bonds_kept``, ``order_parameter`` and
    ``order_parameter_std`` (F, S), ``followed`` (F, P) with ``which`` (P,), and the lags' columns
    as ``autocorrelation_...``.
    """
    lags = [row.as_dict() for row in found.autocorrelation]
    if path.suffix == ".csv":
        text = io.StringIO()
        for k, rows in enumerate((found.rows(), lags)):
            if not rows:
                continue
            text.write("\n" if k else "")
            table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        write_text(path, text.getvalue())
        return
    arrays: dict[str, Any] = {
        "frame": found.frames,
        "frame_time": np.full(len(found), np.nan) if found.times is None else found.times,
        "types": np.array(found.types),
        TARGETS[found.about.target or DISPLACEMENT.name].column: found.mobility,
        "times": np.array(found.about.times),
    }
    for name in ("order_parameter", "order_parameter_std", "followed", "which"):
        if getattr(found, name) is not None:
            arrays[name] = getattr(found, name)
    for name in lags[0] if lags else ():
        values = [row[name] for row in lags]
        arrays[f"autocorrelation_{name}"] = np.array([np.nan if v is None else v for v in values])
    with whole(path) as partial, partial.open("wb") as out:
        np.savez(out, **arrays)
