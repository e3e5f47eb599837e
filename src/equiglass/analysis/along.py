"""What a model says along a trajectory: means against time, gathered one frame after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.accuracy import Accuracy, coarsest_accuracy
from ..data.configuration import TYPE_NAMES
from ..data.potential import Potential
from ..evaluation.departures import outside
from ..evaluation.extra import ExtraSimulation
from ..evaluation.frames import About, FrameResult
from ..evaluation.prediction import PROPENSITY
from ..models.ranges import Departure

if TYPE_CHECKING:
    from .autocorrelation import LagCorrelation

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Along:
    """What a command wrote for many frames, in short.

    Attributes
    ----------
    output
        The file or store that has it all.
    about
        What it rests on.
    frames
        (F,) numbers of the frames in the data.
    times
        (F,) of the frames, tau_LJ; None where they are not known.
    mobility
        (F, S, T) mean prediction for each type at each of the model's times: of propensities,
        sigma, or of another target; NaN for a type that a frame does not have. Of a quench
        (F, S, 0).
    order_parameter, order_parameter_std
        (F, S) mean over the particles of a type, and their standard deviation; None unless asked
        for.
    followed
        (F, P) order parameter of some particles, and which (P,), from 0 in the order of the
        output.
    autocorrelation
        Of the order parameter of single particles, by type and lag.
    n_outside
        Frames outside of the model's training domain.
    """

    output: Path
    about: About
    frames: NDArray[np.int64]
    times: Array | None
    mobility: Array
    order_parameter: Array | None = None
    order_parameter_std: Array | None = None
    followed: Array | None = None
    which: NDArray[np.int64] | None = None
    autocorrelation: tuple[LagCorrelation, ...] = ()
    n_outside: int = 0

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        by = f" by {self.about.model}" if self.about.model else ""
        return f"<{self.about.command} of {len(self)} frames{by} in {self.output}>"

    @property
    def types(self) -> list[str]:
        """Letters of the types that there are."""
        return list(TYPE_NAMES[: self.mobility.shape[1]])

    def rows(self) -> list[dict[str, Any]]:
        """The means of each frame and type, for tables."""
        found = []
        for k, frame in enumerate(self.frames):
            for s, letter in enumerate(self.types):
                row: dict[str, Any] = {
                    "frame": int(frame),
                    "time": None if self.times is None else float(self.times[k]),
                    "type": letter,
                }
                if self.order_parameter is not None and self.order_parameter_std is not None:
                    row["order_parameter"] = float(self.order_parameter[k, s])
                    row["order_parameter_std"] = float(self.order_parameter_std[k, s])
                names = [c for q in self.about.quantities if q.key == PROPENSITY for c in q.columns]
                row |= {n: float(v) for n, v in zip(names, self.mobility[k, s], strict=False)}
                found.append(row)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.about.as_dict(),
            "output": str(self.output),
            "n_frames": len(self),
            "n_outside_domain": self.n_outside,
            "frames": self.rows(),
            "autocorrelation": [row.as_dict() for row in self.autocorrelation],
        }


@dataclass(frozen=True)
class Gathered:
    """Means over the particles of each type, frame by frame."""

    mobility: Array
    departures: tuple[tuple[Departure, ...], ...]
    potential: Potential | None
    accuracy: Accuracy | None
    extra: ExtraSimulation | None

    def complete(self, about: About) -> About:
        """With what is known once all frames were seen."""
        return replace(
            about,
            potential=about.potential if self.potential is None else self.potential,
            accuracy=self.accuracy,
            outside_domain="; ".join(outside(self.departures)),
            extra=self.extra,
        )


def by_type(values: NDArray[np.floating[Any]], types: NDArray[np.integer[Any]], n: int) -> Array:
    """Means of ``values`` (N, K) over each of ``n`` types, (n, K); NaN for those not there."""
    result = np.full((n, values.shape[1]), np.nan)
    for t in range(n):
        mine = types == t
        if mine.any():
            result[t] = values[mine].mean(axis=0)
    return result


def gather(results: Iterable[FrameResult]) -> Gathered:
    """Go through all frames once."""
    mobility: list[Array] = []
    departures, states = [], []
    potential: Potential | None = None
    accuracy: Accuracy | None = None
    for result in results:
        c = result.configuration
        potential = potential or c.potential
        coarsest = coarsest_accuracy([c])
        if accuracy is None or (coarsest is not None and accuracy.suffices(coarsest, len(c))):
            accuracy = coarsest
        values = result.values.get(PROPENSITY, np.empty((len(c), 0)))
        mobility.append(by_type(values, c.types, c.n_types))
        departures.append(result.departures)
        if result.states is not None:
            states.append(result.states)
    n_types = max(len(one) for one in mobility)
    full = np.full((len(mobility), n_types, mobility[0].shape[1]), np.nan)
    for k, one in enumerate(mobility):
        full[k, : len(one)] = one
    extra = ExtraSimulation.of(states)
    return Gathered(full, tuple(departures), potential, accuracy, extra)


def summary(
    output: Path,
    about: About,
    gathered: Gathered,
    numbers: Sequence[int],
    times: Sequence[float] | None,
    **more: Any,
) -> Along:
    """What was written, in short."""
    found = Along(
        output,
        about,
        np.array(numbers),
        None if times is None else np.array(times),
        gathered.mobility,
        n_outside=sum(bool(one) for one in gathered.departures),
    )
    return replace(found, **more)
