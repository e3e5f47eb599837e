"""States near a snapshot: where short molecular dynamics from it leads, before much relaxes.

They share the snapshot's metabasin, and so nearly its propensity at times of the order of the
relaxation time, but not its vibrations nor the inherent structure that these happen to lead to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.relaxation import RelaxationTime
from ..errors import InputError

# Of one run, tau_LJ, and of tau_alpha where that is known: in this length averaging was found to
# help (docs/states.md). States of a run where its length is not asked for.
LONGEST, SHARE, PER_RUN = 80.0, 0.02, 8
# A run must be so many times shorter than what is predicted, and than tau_alpha: else a state is
# no stand-in for the snapshot.
WELL_BELOW = 10.0
TEMPERATURE_SLACK = 1e-3


@dataclass(frozen=True)
class States:
    """How many states of a snapshot's metabasin a prediction is averaged over, and how made.

    Attributes
    ----------
    number
        Of states, the snapshot among them: 1 is the snapshot alone.
    time
        Length of molecular dynamics in all, tau_LJ; by default ten for each further state, in runs
        of 80, and shorter where that is more than 2 % of the relaxation time.
    temperature
        Of the dynamics, where the data do not state theirs.
    timestep
        Of the integration, at most, tau_LJ.
    seed
        Of the velocities with which each run begins.
    displacements
        Whether what the model has learned from how far particles move in such runs is joined to
        the average, see :mod:`equiglass.models.displacements`.

    Raises
    ------
    InputError
        For numbers that are none of these.
    """

    number: int = 1
    time: float | None = None
    temperature: float | None = None
    timestep: float = 0.005
    seed: int = 0
    displacements: bool = False

    def __post_init__(self) -> None:
        if self.number < 1:
            raise InputError("too few", field="states", expected="at least 1", found=self.number)
        for name in ("time", "temperature", "timestep"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(
                    "must be a positive number", field=f"states.{name}", found=f"{value:g}"
                )
        if self.seed < 0:
            raise InputError("must not be negative", field="states.seed", found=self.seed)
        if self.number == 1 and (
            self.time is not None or self.temperature is not None or self.displacements
        ):
            raise InputError(
                "time, temperature and displacements belong to the states that are averaged over",
                field="states", expected="at least 2", found=1,
            )  # fmt: skip


def as_states(states: int | States | None) -> States | None:
    """What a caller asks for; None for the snapshot alone."""
    found = States(states) if isinstance(states, int) else states
    return None if found is None or found.number == 1 else found


@dataclass(frozen=True)
class Plan:
    """How the states of one configuration are made.

    Attributes
    ----------
    runs
        States of each run; all runs start from the snapshot.
    spacing
        Between the states of a run, tau_LJ.
    relaxation_time
        That the configuration states, if it does.
    """

    temperature: float
    runs: tuple[int, ...]
    spacing: float
    timestep: float
    seed: int
    relaxation_time: RelaxationTime | None = None

    @property
    def number(self) -> int:
        """Of states, with the snapshot."""
        return 1 + sum(self.runs)

    @property
    def time(self) -> float:
        """Length of all runs, tau_LJ."""
        return sum(self.runs) * self.spacing

    @property
    def longest(self) -> float:
        """Length of the longest run, tau_LJ."""
        return max(self.runs) * self.spacing

    def averaged(self, times: Sequence[float]) -> NDArray[np.bool_]:
        """(T,) at which of these times predictions are averaged: ten runs' lengths or later.

        A state that is as far from the snapshot as what is predicted knows no more of it.
        """
        return np.asarray(times) * (1 + 1e-9) >= WELL_BELOW * self.longest

    def record(self) -> dict[str, Any]:
        """What the states depend on beside the configuration and its potential, for JSON."""
        tau = self.relaxation_time
        return {
            "number": self.number,
            "time": self.time,
            "share_of_relaxation_time": None if tau is None else self.time / tau.value,
            "relaxation_time": None if tau is None else tau.value,
            "relaxation_time_definition": None if tau is None else tau.definition,
            "runs": list(self.runs),
            "spacing": self.spacing,
            "temperature": self.temperature,
            "timestep": self.timestep,
            "seed": self.seed,
        }

    def __str__(self) -> str:
        tau = self.relaxation_time
        share = "an unknown share of τ_α"
        if tau is not None:
            share = f"{100 * self.time / tau.value:.2g} % of τ_α = {tau.value:g} ({tau.definition})"
        n = len(self.runs)
        runs = "one run" if n == 1 else f"{n} runs"
        return (
            f"averaged over {self.number} states: extra simulation of {self.time:g} τ_LJ, {share}, "
            f"in {runs} from the snapshot at T = {self.temperature:g}"
        )


def plan_of(configuration: Configuration, states: States) -> Plan:
    """How to make the states of a configuration.

    Raises
    ------
    InputError
        If the temperature is not known, or not the one that the data state; if a run would be
        longer than a tenth of the relaxation time, where that is known.
    """
    c, tau, more = configuration, configuration.relaxation_time, states.number - 1
    best = LONGEST if tau is None else min(LONGEST, SHARE * tau.value)
    total = states.time if states.time is not None else more * best / PER_RUN
    n_runs = max(1, min(more, math.ceil(total / best * (1 - 1e-9))))
    each, rest = divmod(more, n_runs)
    runs = tuple(each + (k < rest) for k in range(n_runs))
    plan = Plan(_temperature(c, states), runs, total / more, states.timestep, states.seed, tau)
    if plan.spacing < states.timestep:
        raise InputError(
            "states closer than a step of the integration", source=c.source, field="states.time",
            expected=f"at least {more * states.timestep:g}", found=f"{total:g}",
        )  # fmt: skip
    if tau is not None and plan.longest * WELL_BELOW > tau.value * (1 + 1e-9):
        raise InputError(
            "runs so long leave the snapshot's metabasin: they must be shorter than a tenth of the "
            f"relaxation time, {tau.value:g}",
            source=c.source, field="states.time",
            expected=f"at most {tau.value / WELL_BELOW * more / max(runs):.4g}",
            found=f"{total:g}",
        )  # fmt: skip
    return plan


def _temperature(c: Configuration, states: States) -> float:
    own, asked = c.temperature, states.temperature
    if own is None and asked is None:
        raise InputError(
            "the data do not state the temperature, which short runs from the snapshot need; name "
            "it: --temperature T",
            source=c.source, field="temperature",
        )  # fmt: skip
    if own is not None and asked is not None and abs(own - asked) > TEMPERATURE_SLACK * own:
        raise InputError(
            "another temperature than the data state", source=c.source, field="temperature",
            expected=f"{own:g}", found=f"{asked:g}",
        )  # fmt: skip
    return float(own if own is not None else asked)  # type: ignore[arg-type]
