"""The dynamics of a data set in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .figures import blank_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = (
    ("self_scattering", "$F_s(k, t)$", "linear"),
    ("mean_squared_displacement", r"$\langle \Delta r^2 \rangle$", "log"),
    ("overlap", "overlap $Q(t)$", "linear"),
    ("chi4", r"$\chi_4(t)$", "linear"),
    ("mean_propensity", r"mean $|\Delta r|$", "log"),
    ("bond_breaking", "share of bonds kept", "linear"),
    ("ceiling", "noise ceiling of ρ", "linear"),
)


def summary_figure(summary: dict[str, Any]) -> Figure:
    """What :func:`equiglass.info` found: the dynamics, and of a trajectory whether it ages."""
    trajectory = summary.get("trajectory")
    if trajectory is None:
        return dynamics_figure(summary["targets"])
    figure = dynamics_figure(summary["targets"], trajectory["energy"])
    title = "; ".join(half_text(half) for half in trajectory["halves"])
    figure.suptitle(title, fontsize=9)
    return figure


def half_text(half: dict[str, Any]) -> str:
    """A mean over the first half of a trajectory beside that over the second, in words."""

    def number(average: dict[str, Any]) -> str:
        error = average["error"]
        return f"{average['mean']:.4g}" + ("" if error is None else f" ± {error:.2g}")

    words = f"{half['quantity']}: {number(half['first'])} and then {number(half['second'])}"
    return words if half["p"] is None else f"{words} (p = {half['p']:.2g})"


def dynamics_figure(
    rows: Sequence[dict[str, Any]], energy: dict[str, list[float]] | None = None
) -> Figure:
    """One panel for each observable the data hold, against time.

    Colours are temperatures, from cold (blue) to warm (red); full lines type A, dashed type B,
    dotted others.

    Parameters
    ----------
    rows
        As in the ``targets`` of :func:`equiglass.info`.
    energy
        ``times`` and ``values`` of the potential energy along a trajectory.
    """
    from matplotlib import colormaps

    panels = [p for p in PANELS if any(row[p[0]] is not None for row in rows)]
    has_energy = energy is not None and bool(energy["times"])
    n_panels = len(panels) + has_energy
    n_columns = min(4, n_panels)
    n_rows = -(-n_panels // n_columns)
    figure, grid = blank_figure(n_rows, n_columns, size=(3.2 * n_columns, 2.9 * n_rows))
    axes = np.atleast_1d(grid).ravel()
    temperatures = sorted({row["temperature"] for row in rows}, key=lambda t: t or 0.0)
    shades = colormaps["coolwarm"](np.linspace(0.05, 0.95, max(len(temperatures), 2)))
    types = sorted({row["type"] for row in rows})
    for axis, (name, label, scale) in zip(axes, panels, strict=False):
        for temperature, color in zip(temperatures, shades, strict=False):
            for kind, style in zip(types, ("-", "--", *[":"] * 6), strict=False):
                mine = [r for r in rows if (r["temperature"], r["type"]) == (temperature, kind)]
                values = [np.nan if r[name] is None else r[name] for r in mine]
                title = "" if temperature is None else f"T = {temperature:g}, "
                errors = [r.get(f"{name}_error") for r in mine]
                axis.errorbar(
                    [r["time"] for r in mine],
                    values,
                    [np.nan if e is None else e for e in errors],
                    fmt=style,
                    elinewidth=0.8,
                    marker="o",
                    ms=3,
                    color=color,
                    label=f"{title}{kind}",
                )
        axis.set(xscale="log", yscale=scale, xlabel="time $t$ (LJ)")
        axis.set_title(label, fontsize=10)
        axis.grid(alpha=0.25)
        if name == "self_scattering":
            axis.axhline(np.exp(-1), color="k", lw=0.7, ls=":")
        if name == "ceiling":
            axis.set_ylim(top=1)
    if has_energy and energy is not None:
        axis = axes[len(panels)]
        axis.plot(energy["times"], energy["values"], "k.", ms=3)
        axis.set(xlabel="time (LJ)")
        axis.set_title("potential energy per particle", fontsize=10)
        axis.grid(alpha=0.25)
    for axis in axes[n_panels:]:
        axis.axis("off")
    handles, labels = axes[0].get_legend_handles_labels()
    spare = axes[n_panels] if n_panels < len(axes) else axes[0]
    spare.legend(handles, labels, fontsize=8, frameon=False, loc="best")
    return figure
