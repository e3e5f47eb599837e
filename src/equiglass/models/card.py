"""What is known about a trained model beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..data.potential import Potential
from ..simulation.target import DISPLACEMENT, TargetName
from .calibration import Calibration
from .displacements import StateDisplacements
from .domain import Domain


@dataclass(frozen=True)
class ModelCard:
    """What is known about a trained model beside its weights; stored with them.

    Attributes
    ----------
    preparation
        How inherent structures and energies of its training data were made, by content: what
        :meth:`equiglass.simulation.preparation.Preparation.record` gives. None where not known.
    domain
        What its training data were like; None where not known.
    calibration
        What held-out data say of its errors; None where it was not calibrated.
    target
        What it predicts, see :data:`equiglass.simulation.target.TARGETS`.
    displacements
        What was learned from how far particles move on the way to states, of each plan of runs.
    """

    name: str = "model"
    data: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    preparation: dict[str, Any] | None = None
    domain: Domain | None = None
    calibration: Calibration | None = None
    target: TargetName = DISPLACEMENT.name
    displacements: tuple[StateDisplacements, ...] = ()

    @property
    def potential(self) -> Potential | None:
        """The potential of the training data, where it is known."""
        recorded = (self.preparation or {}).get("potential")
        return None if recorded is None else Potential.model_validate(recorded)
