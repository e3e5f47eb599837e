"""A predicted propensity, with what it was predicted from and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.accuracy import coarsest_accuracy
from ..data.configuration import TYPE_NAMES, Configuration
from ..data.moments import Moment
from ..data.potential import Potential
from ..errors import InputError
from ..geometry.periodic import minimum_image
from ..models.calibration import UNCALIBRATED, Calibration
from ..models.ranges import Departure
from ..simulation.target import DISPLACEMENT, TARGETS, TargetName
from .departures import outside
from .extra import ExtraSimulation
from .frames import UNKNOWN_DOMAIN, About, FrameResult, Quantity, columns_at
from .html import html_table

if TYPE_CHECKING:
    from ase import Atoms

    from ..models.over_states import OverStates

Array = NDArray[np.floating[Any]]
# How far a particle may be from where it was predicted, sigma: the rounding of a text file.
SAME_PLACE = 1e-4
# Keys of a frame's values, whatever the target is; names in files are its own.
PROPENSITY, SPREAD = "predicted_propensity", "predicted_propensity_std"
ERROR, ERROR_95 = "predicted_propensity_error", "predicted_propensity_error_95"
SNAPSHOT, STATES = "predicted_propensity_snapshot", "predicted_propensity_states_std"
AVERAGE = "predicted_propensity_states_mean"
ORDER = "order_parameter"


@dataclass(frozen=True, repr=False)
class Prediction:
    """What a model says of one configuration.

    Attributes
    ----------
    configuration
        With the inherent structure and energies that the model read.
    times
        (T,) lag times, tau_LJ.
    values
        (T, N) in the unit of the target: propensities in sigma, or shares of bonds kept.
    model
        Its name.
    departures
        What of the configuration is outside of the model's training domain.
    potential
        Under which the inputs were made; None where the configuration does not record it.
    domain_known
        Whether the model states a training domain; without one ``departures`` is empty.
    over_states
        Where ``values`` are averages over states: of the snapshot alone, their spread, and the
        simulation that they took.
    calibration
        On which error bars rest; None for a model without one.
    error, error_95
        (T, N) half widths of the intervals that hold 68 and 95 % of these; None for a model that
        is not calibrated.
    target
        What is predicted.
    """

    configuration: Configuration
    times: tuple[float, ...]
    values: Array
    model: str
    departures: tuple[Departure, ...] = ()
    potential: Potential | None = None
    domain_known: bool = True
    over_states: OverStates | None = None
    calibration: Calibration | None = None
    error: Array | None = None
    error_95: Array | None = None
    target: TargetName = DISPLACEMENT.name

    @property
    def outside_domain(self) -> str:
        """What is outside of the model's training domain and by how much, or an empty text."""
        if not self.domain_known:
            return UNKNOWN_DOMAIN
        return "; ".join(outside([self.departures]))

    def __repr__(self) -> str:
        n, times = len(self.configuration), _span(self.times)
        note = f", outside its domain: {self.outside_domain}" if self.departures else ""
        return f"<Prediction by {self.model}: {n} particles at {times}{note}>"

    def _repr_html_(self) -> str:
        types = self.configuration.types
        rows = [
            {"time": f"{time:g}"}
            | {
                f"{TYPE_NAMES[t]}, {name}": float(function(row[types == t]))
                for t in np.unique(types)
                for name, function in (("mean", np.mean), ("std", np.std))
            }
            for time, row in zip(self.times, self.values, strict=True)
        ]
        from html import escape

        return f"<p>{escape(repr(self)[1:-1])}</p>{html_table(rows)}"

    def to_ase(self) -> Atoms:
        """:class:`ase.Atoms` with a column per time, ``mobility_t0p14``, ...

        Of a model of bonds ``bonds_kept_t0p14``.

        Times, model, potential and what is outside the model's domain are in ``info``.
        """
        from .columns import as_atoms

        return as_atoms(about_predictions([self]), self.as_result())

    def add_to(self, atoms: Atoms) -> None:
        """Set the columns of :meth:`to_ase` as arrays of the atoms that were predicted.

        Their symbols, positions and other arrays stay as they are.

        Raises
        ------
        InputError
            If they are not these particles: another number, or at other places in the box.
        """
        from ..data.atoms import from_ase
        from ..data.species import TYPE_ARRAYS
        from .columns import made_columns

        c, about = self.configuration, about_predictions([self])
        there = atoms.copy()  # type: ignore[no-untyped-call]
        if len(there) == len(c):
            there.arrays[TYPE_ARRAYS[0]] = c.types
            apart = minimum_image(from_ase(there).positions - c.positions, c.box, c.periodic)
        if len(there) != len(c) or np.abs(apart).max() > SAME_PLACE:
            raise InputError("not the atoms that were predicted", source="atoms")
        atoms.arrays |= {n: np.array(v) for n, v in made_columns(about, self.as_result()).items()}
        atoms.info["model"], atoms.info["predicted_times"] = self.model, np.asarray(self.times)
        if self.outside_domain:
            atoms.info["outside_domain"] = self.outside_domain

    def as_result(self, number: int = 0) -> FrameResult:
        """As one of many frames of a file."""
        moment = Moment(self.configuration, number)
        values, over = {PROPENSITY: self.values.T}, self.over_states
        if self.error is not None and self.error_95 is not None:
            values |= {ERROR: self.error.T, ERROR_95: self.error_95.T}
        if over is None:
            return FrameResult(moment, values, self.departures)
        return FrameResult(moment, values | state_values(over), self.departures, over.record())


def state_values(over: OverStates) -> dict[str, Array]:
    """(N, T) of what an average over states has beside it, by the key of the quantity."""
    joined = {} if over.learned is None else {AVERAGE: over.average.T}
    return {SNAPSHOT: over.snapshot.T, STATES: over.spread.T, **joined}


def predicted_quantities(
    times: Sequence[float],
    *,
    spread: bool,
    states: bool = False,
    joined: bool = False,
    errors: bool = False,
    target: TargetName = DISPLACEMENT.name,
) -> tuple[Quantity, ...]:
    """What a model says of each particle.

    Parameters
    ----------
    spread
        With the spread over the model's members.
    states
        Averaged over states, with the prediction of the snapshot alone and the spread over states.
    joined
        With displacements joined to the average, and the average alone.
    errors
        With calibrated error bars.
    target
        What is predicted.
    """
    of = TARGETS[target]

    def quantity(key: str, meaning: str, more: str = "") -> Quantity:
        end = key.removeprefix(PROPENSITY)
        columns = columns_at(f"{of.column}{end.replace('error_95', 'error95')}", times)
        text = f"{of.with_unit(meaning)}{more}"
        return Quantity(key, columns, text, over_times=True, array=f"{of.key}{end}")

    average = ", averaged over states (extra_simulation)" if states else ""
    average += ", joined with displacements" if joined else ""
    found = [quantity(PROPENSITY, f"predicted {of.words}", average)]
    if spread:
        meaning = "standard deviation of the predictions of the model's members"
        found.append(quantity(SPREAD, meaning))
    if errors:
        for key, level in ((ERROR, 68), (ERROR_95, 95)):
            half = f"half width of the interval that holds {level} % of {of.plural}"
            found.append(quantity(key, half))
    if states:
        found.append(quantity(SNAPSHOT, f"predicted {of.words} of the snapshot alone"))
        nothing = "; NaN at times where nothing is averaged"
        found.append(quantity(STATES, "standard deviation over states", nothing))
    if joined:
        found.append(quantity(AVERAGE, f"predicted {of.words}, averaged over states alone"))
    return tuple(found)


def about_predictions(predictions: Sequence[Prediction]) -> About:
    """What several predictions by one model rest on."""
    first = predictions[0]
    sources = sorted({p.configuration.source for p in predictions})
    return About(
        "predict",
        sources[0] if len(sources) == 1 else f"{len(sources)} configurations",
        predicted_quantities(
            first.times,
            spread=False,
            states=first.over_states is not None,
            joined=first.over_states is not None and first.over_states.learned is not None,
            errors=first.error is not None,
            target=first.target,
        ),
        first.model,
        first.times,
        first.potential,
        coarsest_accuracy(p.configuration for p in predictions),
        domain_known=first.domain_known,
        outside_domain="; ".join(outside([p.departures for p in predictions])),
        extra=ExtraSimulation.of(
            [p.over_states.record() for p in predictions if p.over_states is not None]
        ),
        calibration=calibration_text(
            first.calibration,
            (TYPE_NAMES[k] for k in np.unique(first.configuration.types)),
            first.times,
        ),
        target=first.target,
    )


def calibration_text(
    calibration: Calibration | None, types: Iterable[str], times: Sequence[float]
) -> str:
    """What error bars rest on, and for which of these types and times there are none."""
    if calibration is None:
        return UNCALIBRATED
    return f"{calibration.said_of(types, times)}; for snapshots alone and inside the model's domain"


def _span(times: Sequence[float]) -> str:
    if len(times) == 1:
        return f"t = {times[0]:g}"
    return f"{len(times)} times, {times[0]:g} to {times[-1]:g}"
