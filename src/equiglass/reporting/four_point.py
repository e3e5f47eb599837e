"""The picture of four-point functions: between configurations, and in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis.four_point import MEASURED, NOISELESS, PREDICTED, FourPoint
from .figures import blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = {MEASURED: "o:", NOISELESS: "o--", PREDICTED: "s-"}


def four_point_figure(rows: Sequence[FourPoint]) -> Figure:
    """chi_4 against time with its interval, and S_4 against q.

    S_4 is of three of the times. Of several temperatures, which colours tell apart then, it is at
    the time of the largest chi_4 that was predicted there, and labels as they are, with their
    noise, are drawn only where it is not known without.
    """
    from matplotlib import colormaps

    temperatures = list(dict.fromkeys(r.temperature for r in rows))
    several = len(temperatures) > 1
    shown = _shown(rows)
    keys: list[float | None] = [*temperatures] if several else [time for _, time in shown]
    figure, (left, right) = blank_figure(1, 2, size=(9.5, 3.8))
    for mobility, style in STYLES.items():
        for number, temperature in enumerate(temperatures):
            mine = [r for r in rows if (r.mobility, r.temperature) == (mobility, temperature)]
            known = any(r.mobility == NOISELESS and r.temperature == temperature for r in rows)
            if not mine or (several and mobility == MEASURED and known):
                continue
            look = {"ms": 4, "capsize": 2, "label": mobility}
            if several:
                share = number / max(len(temperatures) - 0.5, 1)
                look |= {"color": colormaps["viridis"](share)}
                look |= {"label": f"{mobility}, T = {temperature:g}"}
            spread = [r.chi4_interval or 0.0 for r in mine]
            left.errorbar([r.time for r in mine], [r.chi4 for r in mine], spread, fmt=style, **look)
            for r in mine:
                if (temperature, r.time) not in shown:
                    continue
                key = temperature if several else r.time
                color = colormaps["viridis"](keys.index(key) / max(len(keys) - 0.5, 1))
                named = f"T = {temperature:g}, t = {r.time:g}" if several else f"t = {r.time:g}"
                right.plot(r.q, r.s4, style, ms=4, color=color, label=f"{mobility}, {named}")
    if several:
        left.set_yscale("log", nonpositive="clip")
    left.set(xscale="log", xlabel="t", ylabel="χ₄ / variance", title="between configurations")
    # Without noise some averages are negative by chance.
    right.set_yscale("log", nonpositive="mask")
    right.set(xlabel="q (1/σ)", ylabel="S₄(q) / variance", title="in space")
    right.axhline(1, color="k", lw=0.7)
    for axis in (left, right):
        axis.legend(fontsize=6 if several else 8, frameon=False)
        axis.grid(alpha=0.25)
    return figure


def _shown(rows: Sequence[FourPoint]) -> list[tuple[float | None, float]]:
    """Temperature and time of the curves of S_4."""
    temperatures = list(dict.fromkeys(r.temperature for r in rows))
    if len(temperatures) == 1:
        times = sorted({r.time for r in rows})
        picked = sorted({0, len(times) // 2, len(times) - 1})
        return [(temperatures[0], times[k]) for k in picked]
    found = []
    for temperature in temperatures:
        mine = [r for r in rows if (r.mobility, r.temperature) == (PREDICTED, temperature)]
        largest = max(mine, key=lambda r: r.chi4 if r.chi4 == r.chi4 else -1.0)
        found.append((temperature, largest.time))
    return found
