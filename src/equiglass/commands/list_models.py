"""``equiglass models``: what is packaged, and what each model is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..data.configuration import TYPE_NAMES
from ..models.calibration import UNCALIBRATED, Calibration
from ..models.displacements import StateDisplacements
from ..models.domain import Domain
from ..models.propensity import PropensityModel
from ..models.storage import packaged_models
from .models import Model, as_stored


@dataclass(frozen=True)
class Described:
    """A model in short.

    Attributes
    ----------
    times
        tau_LJ; where they are others at each temperature, those of the coldest, and all of them
        in ``times_at``.
    target
        What it predicts: ``displacement`` or ``bonds``.
    temperatures
        Of its training data, as far as they are stated.
    potential
        Of its training data, by name; None where it is not recorded.
    held_out
        Correlations on held-out data, by type and time, and by temperature where the times are
        others at each, as the card records them.
    calibration, calibration_at
        Of the error bars, None without; of those at each temperature, where times are others there.
    displacements
        What was learned from displacements on the way to states, of each plan of runs.
    domain
        What the training data were like; None where it is not recorded.
    licence
        Of the weights, and of the data behind them; empty where it is not recorded.
    types
        Of its particles: A, B, ...
    """

    name: str
    kind: str
    target: str
    members: int
    times: tuple[float, ...]
    temperatures: tuple[float, ...]
    potential: str | None
    data: str
    held_out: tuple[dict[str, Any], ...]
    calibration: Calibration | None
    domain: Domain | None
    licence: str
    times_at: dict[float, tuple[float, ...]] = field(default_factory=dict)
    calibration_at: dict[float, Calibration] = field(default_factory=dict)
    displacements: tuple[StateDisplacements, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def calibrated(self) -> list[str]:
        """Whether its predictions have error bars, and on what these rest; of each temperature."""
        if not self.times_at:
            return [self._said_of(self.calibration, self.times)]
        return [
            f"{self._said_of(self.calibration_at.get(t), times)} (T = {t:g})"
            for t, times in self.times_at.items()
        ]

    def _said_of(self, calibration: Calibration | None, times: Sequence[float]) -> str:
        return UNCALIBRATED if calibration is None else calibration.said_of(self.types, times)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "target": self.target,
            "members": self.members,
            "types": list(self.types),
            "times": list(self.times),
            "temperatures": list(self.temperatures),
            "potential": self.potential,
            "data": self.data,
            "held_out": list(self.held_out),
            "calibration": None
            if self.calibration is None
            else self.calibration.model_dump(mode="json"),
            "domain": None if self.domain is None else self.domain.model_dump(mode="json"),
            "licence": self.licence,
            "times_at": {f"{t:g}": list(times) for t, times in self.times_at.items()},
            "calibration_at": {
                f"{t:g}": own.model_dump(mode="json") for t, own in self.calibration_at.items()
            },
            "displacements": [one.model_dump(mode="json") for one in self.displacements],
        }


def list_models(models: Sequence[Model] = ()) -> list[Described]:
    """What models are for, and how well they did: the packaged ones, or these.

    Raises
    ------
    InputError
        If there is no such model, or it cannot be read.
    """
    return [
        _described(m if isinstance(m, PropensityModel) else as_stored(m))
        for m in models or packaged_models()
    ]


def _described(model: PropensityModel) -> Described:
    card = model.card
    rows = card.metrics.get("cross_validation", {}).get("pearson", [])
    # Of several temperatures together they say nothing of one.
    rows = rows if model.grid is None else []
    held_out = [{k: row.get(k) for k in ("type", "time", "mean", "std")} for row in rows]
    times_at, calibration_at = {}, {}
    for own in () if model.grid is None else model.grid.rows:
        times_at[own.temperature] = own.times
        if own.calibration is not None:
            calibration_at[own.temperature] = own.calibration
        kept = ("type", "time", "mean", "std")
        held_out += [
            {"temperature": own.temperature, **{k: row.get(k) for k in kept}}
            for row in own.held_out
        ]
    return Described(
        card.name,
        model.config.kind,
        card.target,
        len(model.members),
        model.times,
        () if card.domain is None else card.domain.temperatures,
        None if card.potential is None else card.potential.name,
        card.data,
        tuple(held_out),
        card.calibration,
        card.domain,
        str(card.notes.get("licence", "")),
        times_at,
        calibration_at,
        card.displacements,
        tuple(TYPE_NAMES[: model.n_types]),
    )
