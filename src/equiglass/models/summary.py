"""A model in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..simulation.target import DISPLACEMENT

if TYPE_CHECKING:
    from .propensity import PropensityModel


def summary(model: PropensityModel) -> str:
    """One line: kind, size, times, temperatures and correlation of a model."""
    card = model.card
    members = len(model.members)
    parts = [
        f"{model.config.kind}, {model.n_parameters} parameters",
        f"{members} members" if members > 1 else "",
        "" if model.target is DISPLACEMENT else f"target {model.card.target}",
        f"t = {_span(model.times)}",
        f"T = {_span(card.domain.temperatures)}" if card.domain else "",
    ]
    rho = rho_of(model)
    parts.append("" if rho is None else f"\N{GREEK SMALL LETTER RHO} = {rho:.2f}")
    return f"PropensityModel({card.name}: {', '.join(filter(None, parts))})"


def rho_of(model: PropensityModel) -> float | None:
    """Correlation on what it was not trained on, as its card has it; over folds that of type A."""
    rho = model.card.metrics.get("validation_rho")
    folds = model.card.metrics.get("cross_validation", {}).get("pearson", [])
    if model.temperature is not None or model.grid is not None:
        # Rows of the cross-validation are of all temperatures together.
        folds = model.card.metrics.get("held_out", [])
    means = [row["mean"] for row in folds if row["type"] == folds[0]["type"]]
    known = [mean for mean in means if mean is not None]
    if rho is None and known:
        rho = np.mean(known)
    return None if rho is None else float(rho)


def _span(values: Sequence[float]) -> str:
    if not values:
        return "unknown"
    if len(values) == 1:
        return f"{values[0]:g}"
    return f"{values[0]:g} to {values[-1]:g} ({len(values)} values)"
