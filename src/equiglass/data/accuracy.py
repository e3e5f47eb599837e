"""How closely an inherent structure was minimised: three named accuracies, compared by content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ..errors import InputError
from ..yaml_config import Settings

if TYPE_CHECKING:
    from .configuration import Configuration


class Accuracy(Settings):
    """Where a quench ends: at a global force, or at one per particle; exactly one of the two.

    Whatever the accuracy, the minimisation takes the same steps and only ends earlier or later.
    """

    name: str
    force_tolerance: float | None = Field(
        None, gt=0, description="two-norm of the global force vector, epsilon/sigma"
    )
    rms_force: float | None = Field(
        None,
        gt=0,
        description="root of the mean over particles of the squared force, epsilon/sigma: the same "
        "for any number of particles",
    )

    @model_validator(mode="after")
    def _one_criterion(self) -> Accuracy:
        if (self.force_tolerance is None) == (self.rms_force is None):
            raise ValueError("either force_tolerance or rms_force must be given")
        return self

    def content(self) -> dict[str, Any]:
        """What results depend on: all but the name."""
        return self.model_dump(mode="json", exclude={"name"}, exclude_none=True)

    def same_as(self, other: Accuracy) -> bool:
        """Whether both end a quench at the same force, whatever they are called."""
        return self.content() == other.content()

    def force_norm(self, n_particles: int) -> float:
        """Two-norm of the global force vector at which a quench of N particles ends."""
        if self.force_tolerance is not None:
            return self.force_tolerance
        assert self.rms_force is not None  # validated
        return float(self.rms_force * n_particles**0.5)

    def suffices(self, asked: Accuracy, n_particles: int) -> bool:
        """Whether an inherent structure of this accuracy is as close as another asks for."""
        return self.force_norm(n_particles) <= asked.force_norm(n_particles)

    def __str__(self) -> str:
        content = ", ".join(f"{key} {value:g}" for key, value in self.content().items())
        return f"{self.name} ({content})"


REFERENCE = Accuracy(name="reference", force_tolerance=1e-6)
PREDICTION = Accuracy(name="prediction", rms_force=2e-3)
COARSE = Accuracy(name="coarse", rms_force=1.6e-2)
ACCURACIES = {a.name: a for a in (REFERENCE, PREDICTION, COARSE)}


def accuracy_of(name: str | Accuracy) -> Accuracy:
    """The accuracy of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if isinstance(name, Accuracy):
        return name
    if name not in ACCURACIES:
        raise InputError(
            "no such accuracy of a quench",
            field="accuracy",
            expected=", ".join(ACCURACIES),
            found=name,
        )
    return ACCURACIES[name]


def coarsest_accuracy(configurations: Iterable[Configuration]) -> Accuracy | None:
    """The coarsest of what inherent structures record; None where nothing is recorded."""
    coarsest = None
    for c in configurations:
        if c.accuracy is None or c.inherent_positions is None:
            continue
        if coarsest is None or coarsest.suffices(c.accuracy, len(c)):
            coarsest = c.accuracy
    return coarsest
