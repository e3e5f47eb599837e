"""What a command found of each of many frames, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.accuracy import Accuracy
from ..data.configuration import Configuration
from ..data.moments import Moment
from ..data.potential import Potential
from ..models.ranges import Departure
from ..simulation.target import TargetName
from .departures import outside
from .extra import ExtraSimulation

Array = NDArray[np.floating[Any]]
UNKNOWN_DOMAIN = "not known: the model records no training domain"


def time_name(time: float) -> str:
    """A time as part of the name of a column: digits and ``p`` for the point, as in ``0p14``.

    Six significant digits, never an exponent: every format and program takes such a name.
    """
    text = np.format_float_positional(time, precision=6, fractional=False, trim="-")
    return text.replace(".", "p").replace("-", "m")


def columns_at(name: str, times: Sequence[float]) -> tuple[str, ...]:
    """A column for each time, ``mobility_t4120``; numbered where two times look alike."""
    names = [f"{name}_t{time_name(time)}" for time in times]
    if len(set(names)) < len(names):
        names = [f"{one}_{k}" for k, one in enumerate(names)]
    return tuple(names)


@dataclass(frozen=True)
class Quantity:
    """Numbers of each particle that a command makes.

    Attributes
    ----------
    key
        Of a frame's values.
    columns
        Names where each of a particle's numbers is a column; without any only npz has it.
    meaning
        With its unit.
    over_times
        Whether the numbers belong to the times of a model, which come first in npz.
    array
        What the array is called in npz, where that is not the key.
    """

    key: str
    columns: tuple[str, ...]
    meaning: str
    over_times: bool = False
    array: str = ""

    @property
    def name(self) -> str:
        """Name of the array in npz."""
        return self.array or self.key


@dataclass(frozen=True, eq=False)
class FrameResult:
    """One frame with what a command made of it.

    Attributes
    ----------
    moment
        With the inherent structure and energies that the model read, or the quench made.
    values
        (N, K) numbers of each particle, by the key of the quantity.
    states
        Record of the states that a prediction is averaged over, if it is.
    """

    moment: Moment
    values: Mapping[str, Array] = field(default_factory=dict)
    departures: tuple[Departure, ...] = ()
    states: Mapping[str, Any] | None = None

    @property
    def configuration(self) -> Configuration:
        """That of the moment."""
        return self.moment.configuration


@dataclass(frozen=True)
class About:
    """What results rest on, the same for all frames: in the output of every format, once.

    Attributes
    ----------
    times
        (T,) lag times of the model, tau_LJ.
    potential
        Under which inputs were made; None where it is not recorded.
    accuracy
        Of the coarsest quench, where it is known.
    inputs
        How they were made.
    assumed
        Sentences on what was taken for granted.
    outside_domain
        What of the data is outside of the model's training domain, over all frames.
    calibration
        What error bars rest on, ``uncalibrated`` where there are none; None for what predicts
        nothing.
    extra
        Simulation that predictions took beside the snapshot.
    target
        What is predicted; None for what predicts nothing.
    more
        What else belongs to the command, such as the time of an order parameter.
    """

    command: str
    source: str
    quantities: tuple[Quantity, ...] = ()
    model: str = ""
    times: tuple[float, ...] = ()
    potential: Potential | None = None
    accuracy: Accuracy | None = None
    inputs: dict[str, Any] | None = None
    assumed: tuple[str, ...] = ()
    domain_known: bool = True
    outside_domain: str = ""
    extra: ExtraSimulation | None = None
    calibration: str | None = None
    target: TargetName | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def outside(self, departures: Sequence[Departure]) -> str:
        """What of one frame is outside of the model's training domain, in words."""
        return "; ".join(outside([departures])) if self.domain_known else UNKNOWN_DOMAIN

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "made_by": f"equiglass {self.command}",
            "source": self.source,
            "model": self.model,
            "target": self.target,
            "times": list(self.times),
            "columns": {c: q.meaning for q in self.quantities for c in q.columns},
            "units": "Lennard-Jones",
            "potential": None if self.potential is None else self.potential.model_dump(mode="json"),
            "accuracy": None
            if self.accuracy is None
            else self.accuracy.model_dump(mode="json", exclude_none=True),
            "inputs": self.inputs,
            "assumed": list(self.assumed),
            "calibration": self.calibration,
            "extra_simulation": None if self.extra is None else self.extra.as_dict(),
            "outside_domain": self.outside_domain if self.domain_known else UNKNOWN_DOMAIN,
            **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in self.more.items()},
        }
