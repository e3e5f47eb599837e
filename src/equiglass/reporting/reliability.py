"""The figure of a calibration: what intervals cover, and errors against error bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..drawing import blank_figure
from ..evaluation.held_out import Calibrated
from ..evaluation.reliability import by_size, curve
from ..simulation.target import TARGETS
from .figures import COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability_figure(found: Calibrated) -> Figure:
    """Observed against nominal coverage, and found against stated errors by deciles.

    The curve is of normal intervals with the calibrated variance; the points at 68 and 95 % are
    those of the calibrated intervals themselves. All of configurations that were left out.
    """
    figure, (left, right) = blank_figure(1, 2, size=(9.5, 4.0))
    for k, one in enumerate(found.calibration.errors):
        color, label = COLORS[k % len(COLORS)], f"{one.type}, $t$ = {one.time:g}"
        left.plot(*curve(found, one.type, one.time), "-", color=color, label=label)
        if one.covered_68 is not None and one.covered_95 is not None:
            left.plot([0.68, 0.95], [one.covered_68, one.covered_95], "o", color=color)
        right.plot(*by_size(found, one.type, one.time), "o-", color=color, label=label)
    left.plot([0, 1], [0, 1], "k:", lw=1)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="share that intervals claim")
    target = TARGETS[found.evaluation.target]
    left.set_ylabel(f"share of {target.plural} that they cover")
    low = min(right.get_xlim()[0], right.get_ylim()[0])
    high = max(right.get_xlim()[1], right.get_ylim()[1])
    right.plot([low, high], [low, high], "k:", lw=1)
    right.set(xlabel=target.label("stated error"), ylabel=target.label("found error"))
    for axis in (left, right):
        axis.grid(alpha=0.25)
    left.legend(fontsize=8, frameon=False)
    return figure
