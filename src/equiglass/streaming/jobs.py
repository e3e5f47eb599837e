"""What is done with each frame: in a worker process, on one thread."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ..data.configuration import Configuration
from ..data.moments import Moment
from ..errors import AssumptionWarning, InputError
from ..evaluation.departures import outside
from ..evaluation.frames import FrameResult, Quantity
from ..evaluation.prediction import (
    ERROR,
    ERROR_95,
    PROPENSITY,
    SPREAD,
    predicted_quantities,
    state_values,
)
from ..evaluation.prediction import ORDER as ORDER
from ..simulation.preparation import Preparation
from ..simulation.quench import quench
from ..simulation.states import States

if TYPE_CHECKING:
    from ..models.propensity import PropensityModel
    from ..simulation.cage import Cages

FEATURES = "representation"


class Job(Protocol):
    """Something done with a frame; it can be sent to other processes."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What is made, of each particle."""
        ...

    def belongs_to(self) -> dict[str, Any]:
        """All that a result depends on beside the frame, for JSON."""
        ...

    def __call__(self, moment: Moment) -> FrameResult:
        """Do it."""
        ...


@dataclass(frozen=True, eq=False)
class Quench:
    """The inherent structure and energies of a frame, and cage positions if they are asked for."""

    how: Preparation
    quantities: tuple[Quantity, ...] = ()
    cages: Cages | None = None

    def belongs_to(self) -> dict[str, Any]:
        """The potential and how it is done."""
        cages = {} if self.cages is None else {"cages": self.cages.record()}
        return {"command": "quench", "inputs": self.how.record(), **cages}

    def __call__(self, moment: Moment) -> FrameResult:
        """Quench a frame."""
        assert self.how.potential is not None
        (made,) = quench(
            [moment.configuration], self.how.potential, accuracy=self.how.chosen_accuracy,
            cache=self.how.cache, n_processes=1, progress=False,
        )  # fmt: skip
        if self.cages is not None:
            made = self.cages.added(made, self.how.potential)
        return FrameResult(replace(moment, configuration=made))


@dataclass(frozen=True, eq=False)
class Predict:
    """What a model says of a frame.

    Attributes
    ----------
    how
        How what the model reads is made.
    strict
        Whether a frame outside of the model's training domain is an error.
    row
        Of the model's times, that of the order parameter; None to leave order parameter and
        representation out.
    states
        That predictions are averaged over; None for the frame alone.
    """

    model: PropensityModel
    how: Preparation
    strict: bool = False
    row: int | None = None
    states: States | None = None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Propensities with their spread; and what a representation has beside."""
        made = predicted_quantities(
            self.model.times,
            spread=len(self.model.members) > 1,
            states=self.states is not None,
            joined=self.states is not None and self.states.displacements,
            errors=self.model.card.calibration is not None,
            target=self.model.card.target,
        )
        if self.row is None:
            return made
        return (
            order_quantity(self.model.times[self.row]),
            *made,
            Quantity(FEATURES, (), "what the decoder reads"),
        )

    def belongs_to(self) -> dict[str, Any]:
        """The model by content, how its inputs are made, and on what it runs."""
        command = "predict" if self.row is None else "represent"
        return {
            "command": command,
            "model": model_fingerprint(self.model),
            "inputs": self.how.record(),
            "time": None if self.row is None else self.model.times[self.row],
            "device": self.model.target_mean.device.type,
            **({} if self.states is None else {"states": asdict(self.states)}),
            # A result that was made without looking is none that was not refused.
            **({"strict": True} if self.strict else {}),
        }

    def __call__(self, moment: Moment) -> FrameResult:
        """Complete a frame and predict it."""
        from ..models.members import error_bars, predict_by_members
        from ..models.over_states import alone, over_states, states_of
        from ..models.prepared import prepared

        with one_thread(), warnings.catch_warnings():
            # What is assumed was said once, before the first frame.
            warnings.simplefilter("ignore", AssumptionWarning)
            how = alone(self.how)
            (c,) = prepared(self.model, [moment.configuration], how)
            predicted, spread = predict_by_members(self.model, c)
            departures = self.model.departures(c, predicted)
            self._refuse(c, departures)
            values: dict[str, Any] = {PROPENSITY: predicted.T}
            if spread is not None:
                values[SPREAD] = spread.T
            bars = error_bars(self.model, c, predicted, spread)
            if bars is not None:
                values[ERROR], values[ERROR_95] = (bar.T for bar in bars)
            record = None
            if self.states is not None:
                (made,) = states_of(self.model, [c], how, self.states)
                over = over_states(self.model.times, predicted, made, self.model.predict)
                values |= {PROPENSITY: over.values.T, **state_values(over)}
                record = over.record()
            if self.row is not None:
                values[ORDER] = self.model.order_parameter(c, predicted)[[self.row]].T
                values[FEATURES] = self.model.represent(c)
        return FrameResult(replace(moment, configuration=c), values, departures, record)

    def _refuse(self, c: Configuration, departures: Any) -> None:
        if self.strict and self.model.card.domain is None:
            raise InputError(
                "records no training domain to hold the data against",
                source=self.model.card.name, field="domain",
            )  # fmt: skip
        if self.strict and departures:
            raise InputError(
                f"outside the model's training domain: {'; '.join(outside([departures]))}",
                source=c.source,
            )


def order_quantity(time: float) -> Quantity:
    """The structural order parameter at a time of the model."""
    meaning = f"prediction at t = {time:g} in standard units of its type"
    return Quantity(ORDER, (ORDER,), f"structural order parameter: {meaning}")


def model_fingerprint(model: PropensityModel) -> str:
    """Of all that a prediction depends on, of no name."""
    description = {
        "config": model.config.model_dump(mode="json"),
        "n_types": model.n_types,
        "times": model.times,
        "members": len(model.members),
        "potential": None if model.potential is None else model.potential.content(),
        "calibration": None
        if model.card.calibration is None
        else model.card.calibration.model_dump(mode="json"),
        "domain": None if model.card.domain is None else model.card.domain.model_dump(mode="json"),
        "target": model.card.target,
        "temperature": model.temperature,
        "displacements": [one.model_dump(mode="json") for one in model.card.displacements],
    }
    digest = hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:24]


@contextmanager
def one_thread() -> Iterator[None]:
    """Frames share the cores; and sums over threads would depend on how many there are."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
