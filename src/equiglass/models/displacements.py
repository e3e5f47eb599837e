"""How far particles move on the way to states of a snapshot, joined to their predicted mobility.

The runs that lead to the states show which particles are loose (how far positions are from the
snapshot's, mostly vibration) and which have left their cage at times (how far inherent positions
are). Both tell of the propensity at much later times what structure does not tell the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..geometry.periodic import minimum_image
from ..simulation.states import Plan
from .by_temperature import same_temperature

Array = NDArray[np.floating[Any]]
INHERENT = "inherent_positions"
# Of the spacing of states, relative: that of a run shortened for tau_alpha has its digits.
SLACK = 0.005


class Moved(NamedTuple):
    """Mean distance of each particle in the states from its place in the snapshot, (N,), sigma."""

    thermal: NDArray[np.float64]
    inherent: NDArray[np.float64]

    def columns(self) -> NDArray[np.float64]:
        """(N, 2) as they are joined: inherent distances span orders of magnitude."""
        return np.stack([self.thermal, np.sqrt(self.inherent)], axis=1)


def moved(snapshot: Configuration, states: Sequence[Configuration]) -> Moved:
    """How far the particles of the states are from those of the snapshot, on average over states.

    Parameters
    ----------
    snapshot, states
        With inherent positions, in the same order of particles.
    """

    def mean(name: str) -> NDArray[np.float64]:
        start = np.asarray(getattr(snapshot, name), dtype=np.float64)
        total = np.zeros(len(snapshot))
        for state in states:
            apart = minimum_image(getattr(state, name) - start, snapshot.box, snapshot.periodic)
            total += np.linalg.norm(apart, axis=1)
        return total / len(states)

    return Moved(mean("positions"), mean(INHERENT))


class Runs(Protocol):
    """What displacements depend on: they grow with the distances in time of the states."""

    @property
    def runs(self) -> tuple[int, ...]:
        """States of each run."""

    @property
    def spacing(self) -> float:
        """Between the states of a run, tau_LJ."""

    @property
    def temperature(self) -> float:
        """Of the dynamics."""


def same_runs(a: Runs, b: Runs) -> bool:
    """Whether displacements of one are like those of the other."""
    return (
        a.runs == b.runs
        and abs(a.spacing - b.spacing) <= SLACK * b.spacing
        and same_temperature(a.temperature, b.temperature)
    )


def said_of_runs(runs: Runs) -> str:
    """How many states, how they are reached, how long that takes in all."""
    n, more = len(runs.runs), sum(runs.runs)
    return (
        f"{1 + more} states of {n} run{'s' if n > 1 else ''}, {more * runs.spacing:g} τ_LJ, "
        f"T = {runs.temperature:g}"
    )


class DisplacementTerms(BaseModel):
    """The joined propensity of one type at one time.

    It is prediction * P + thermal * <d> + inherent * sqrt(<d_IS>) + constant, in the unit of the
    target, and not kept within its bounds: P the average of the predictions over states, <d> and
    <d_IS> as :class:`Moved` has them.

    Attributes
    ----------
    rho_average, rho_joined
        Mean correlation over the configurations that the terms were fitted to, of the average and
        of what is joined to it, each configuration by the terms of all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    type: str = Field(pattern="^[A-H]$")
    time: float = Field(gt=0)
    prediction: float
    thermal: float
    inherent: float
    constant: float
    rho_average: float | None = None
    rho_joined: float | None = None

    def joined(self, predicted: Array, columns: NDArray[np.float64]) -> Array:
        """(n,) of particles of this type, from (n,) and (n, 2)."""
        thermal, inherent = columns.T
        result: Array = (
            self.prediction * predicted
            + self.thermal * thermal
            + self.inherent * inherent
            + self.constant
        )
        return result


class StateDisplacements(BaseModel):
    """What displacements in runs of one plan add to a model's average over states.

    Attributes
    ----------
    data, n_configurations, fitted_to
        That the terms were fitted to, and what tells their structures apart; each was predicted by
        members that did not see it.
    n_members
        So many: the terms are of averages over these.
    accuracy
        Of the quenches, by content: what is left of forces is in the inherent distances.
    runs, spacing, temperature
        Of the plan, see :class:`equiglass.simulation.states.Plan`: distances grow with its length.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    data: str
    n_configurations: int = Field(ge=1)
    fitted_to: tuple[str, ...] = Field(max_length=1_000_000)
    n_members: int = Field(ge=1)
    accuracy: dict[str, float]
    runs: tuple[int, ...] = Field(min_length=1, max_length=10_000)
    spacing: float = Field(gt=0)
    temperature: float = Field(gt=0)
    terms: tuple[DisplacementTerms, ...] = Field(min_length=1)

    def at(self, times: Sequence[float]) -> NDArray[np.bool_]:
        """(T,) which of some times have terms."""
        return np.isin(np.asarray(times, dtype=np.float64), [one.time for one in self.terms])

    def joined(
        self, types: NDArray[Any], times: Sequence[float], averages: Array, columns: Array
    ) -> Array:
        """(T, N), of averages (T, N) and columns (N, 2).

        Where a time or a type has no terms the average stays.
        """
        values = averages.astype(np.float64)
        for row, time in enumerate(times):
            for one in self.terms:
                mine = types == TYPE_NAMES.index(one.type)
                if one.time == time and mine.any():
                    values[row, mine] = one.joined(averages[row, mine], columns[mine])
        return values

    @property
    def plan(self) -> str:
        """Of the runs, in words."""
        return said_of_runs(self)

    def __str__(self) -> str:
        by = "one member" if self.n_members == 1 else f"{self.n_members} members"
        return (
            f"joined with how far particles move, as {self.n_configurations} held-out "
            f"configurations have it, predicted by {by} ({self.data})"
        )


def displacements_for(
    known: Sequence[StateDisplacements], plan: Plan, name: str, c: Configuration
) -> StateDisplacements:
    """Those of a model that belong to a plan.

    Raises
    ------
    InputError
        If it has none, or of other plans, or none of a type of the configuration.
    """
    for one in known:
        if same_runs(one, plan):
            types = {TYPE_NAMES[t] for t in np.unique(c.types)}
            learned = {term.type for term in one.terms}
            if not types <= learned:
                raise InputError(
                    f"the model {name} has learned nothing from displacements of a type",
                    source=c.source, field="states.displacements", expected=sorted(learned),
                    found=sorted(types),
                )  # fmt: skip
            return one
    have = "; ".join(one.plan for one in known)
    raise InputError(
        f"the model {name} has learned nothing from displacements in such runs; leave "
        "displacements out, or let a model of the same times at every temperature learn by "
        "equiglass calibrate",
        source=c.source, field="states.displacements", expected=have or "none",
        found=said_of_runs(plan),
    )  # fmt: skip
