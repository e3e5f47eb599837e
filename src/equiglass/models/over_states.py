"""Predictions averaged over states of a snapshot's metabasin, at the times where that has sense."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..data.fields import FEATURE_FIELDS, MADE_FIELDS
from ..data.potential import require_same
from ..errors import AssumptionWarning, InputError
from ..simulation.cache import default_cache
from ..simulation.preparation import Preparation
from ..simulation.state_runs import state_runs, states_after
from ..simulation.states import WELL_BELOW, Plan, States, plan_of
from .displacements import StateDisplacements, displacements_for, moved
from .prepared import prepared, settled
from .propensity import PropensityModel

Array = NDArray[np.floating[Any]]
# Configurations whose states are made together, in processes, before they are predicted.
TOGETHER = 8


@dataclass(frozen=True, eq=False)
class StatesOf:
    """The states of one configuration, without itself, as a model reads them.

    Attributes
    ----------
    snapshot
        The configuration.
    seconds
        Of processor time that molecular dynamics took when it was done; quenches come on top.
    learned
        What displacements in such runs add; None where they are not joined.
    """

    snapshot: Configuration
    plan: Plan
    states: list[Configuration]
    seconds: float
    learned: StateDisplacements | None = None


@dataclass(frozen=True, eq=False)
class OverStates:
    """A prediction averaged over states.

    Attributes
    ----------
    values
        (T, N) means over the snapshot and its states, sigma, or these joined with displacements;
        of the snapshot alone at times where nothing is averaged.
    average
        (T, N) the means, whatever is joined.
    snapshot
        (T, N) of the snapshot alone.
    spread
        (T, N) standard deviation over the states, NaN where nothing is averaged.
    averaged
        (T,) whether it is.
    learned, joined
        What displacements add, None where they are not joined; and at which times, (T,).
    """

    values: Array
    average: Array
    snapshot: Array
    spread: Array
    averaged: NDArray[np.bool_]
    plan: Plan
    seconds: float
    learned: StateDisplacements | None = None
    joined: NDArray[np.bool_] | None = None

    def record(self) -> dict[str, Any]:
        """For JSON and the metadata of files."""
        return {
            **self.plan.record(),
            "averaged_at": self.averaged.tolist(),
            "displacements": None if self.learned is None else str(self.learned),
            "joined_at": None if self.joined is None else self.joined.tolist(),
            "processor_seconds": round(self.seconds, 3),
        }


def plans_of(
    model: PropensityModel, configurations: Sequence[Configuration], states: States
) -> list[Plan]:
    """How the states of each configuration are made; nothing is made.

    Raises
    ------
    InputError
        As :func:`equiglass.simulation.states.plan_of`; if the model predicts no time that is ten
        times longer than the runs, reads what no quench makes, or has learned nothing from
        displacements in such runs and they are asked for.
    """
    known = ("positions", *MADE_FIELDS, *FEATURE_FIELDS)
    cannot = [f for f in model.required_fields if f not in known]
    if cannot:
        raise InputError(
            f"the model {model.card.name} reads what is not made for further states",
            field=cannot[0], expected="--states 1",
        )  # fmt: skip
    plans = [plan_of(c, states) for c in configurations]
    for c, plan in zip(configurations, plans, strict=True):
        if not plan.averaged(model.times).any():
            raise InputError(
                f"the model predicts no time that is {WELL_BELOW:g} times longer than a run of "
                f"{plan.longest:g}: a state at its end is no stand-in for the snapshot",
                source=c.source, field="states",
                expected=f"runs of at most {model.times[-1] / WELL_BELOW:g}, or states: 1",
                found=f"{plan.longest:g}",
            )  # fmt: skip
        if states.displacements:
            displacements_for(model.card.displacements, plan, model.card.name, c)
    return plans


def states_of(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    how: Preparation,
    states: States,
    *,
    measured: bool = False,
) -> Iterator[StatesOf]:
    """The states of each configuration, one after the other, some made together.

    Parameters
    ----------
    measured
        Whether displacements are taken from them, for what is to be learned.

    Raises
    ------
    InputError
        As :func:`plans_of`, before anything is made; if displacements are taken and the quenches
        are not all alike, or the potential is not the model's; if a configuration is not at the
        temperature of the runs; or as :func:`equiglass.models.prepared.prepared`.
    """
    plans = plans_of(model, configurations, states)
    under = settled(model, configurations, how).resolved(configurations)
    if measured or states.displacements:
        _require_alike(model, configurations, under)
    joined: list[StateDisplacements | None] = [None] * len(plans)
    if states.displacements:
        for k, (c, plan) in enumerate(zip(configurations, plans, strict=True)):
            learned = displacements_for(model.card.displacements, plan, model.card.name, c)
            joined[k] = learned
            if learned.accuracy != under.chosen_accuracy.content():
                raise InputError(
                    "displacements were learned from quenches of another accuracy",
                    source=c.source, field="accuracy", expected=learned.accuracy,
                    found=under.chosen_accuracy.content(),
                )  # fmt: skip
    return _made(model, configurations, under, plans, joined)


def _require_alike(
    model: PropensityModel, configurations: Sequence[Configuration], how: Preparation
) -> None:
    """Raise InputError where snapshots and states, or model and states, would not go together."""
    for c in configurations:
        if how.potential is not None and model.potential is not None:
            require_same(model.potential, how.potential, c.source)
        if c.accuracy is None or not c.accuracy.same_as(how.chosen_accuracy):
            found = "an unknown one" if c.accuracy is None else c.accuracy
            raise InputError(
                "displacements are between inherent structures of one kind of quench: leave that "
                "of the data out (equiglass convert --drop inherent_positions), or take its "
                "accuracy",
                source=c.source, field="accuracy", expected=how.chosen_accuracy, found=found,
            )  # fmt: skip


def _made(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    how: Preparation,
    plans: Sequence[Plan],
    joined: Sequence[StateDisplacements | None],
) -> Iterator[StatesOf]:
    assert how.potential is not None  # as it was resolved
    for start in range(0, len(configurations), TOGETHER):
        part = slice(start, start + TOGETHER)
        found = state_runs(
            configurations[part], plans[part], how.potential,
            cache=how.cache if how.cache is not None else default_cache(),
            n_processes=how.n_processes, progress=how.progress,
        )  # fmt: skip
        each = [states_after(c, r) for c, r in zip(configurations[part], found, strict=True)]
        with warnings.catch_warnings():
            # What is assumed of the snapshots was said already.
            warnings.simplefilter("ignore", AssumptionWarning)
            complete = iter(prepared(model, [s for one in each for s in one], how))
        together = zip(configurations[part], plans[part], found, each, joined[part], strict=True)
        for c, plan, runs, one, learned in together:
            seconds = sum(run.seconds for run in runs)
            yield StatesOf(c, plan, [next(complete) for _ in one], seconds, learned)


def over_states(
    times: Sequence[float],
    snapshot: Array,
    states: StatesOf,
    predict: Callable[[Configuration], Array],
) -> OverStates:
    """The average of a snapshot's prediction, (T, N), with those of its states.

    Joined with displacements where something was learned from them.
    """
    averaged = states.plan.averaged(times)
    total, square, n = np.zeros_like(snapshot), np.zeros_like(snapshot), 1 + len(states.states)
    # Differences from the snapshot: squares of the values themselves would lose digits.
    for c in states.states:
        difference = predict(c) - snapshot
        total += difference
        square += difference**2
    mean = total / n
    spread = np.sqrt(np.maximum(square - n * mean**2, 0) / (n - 1))
    at = None
    values = average = np.where(averaged[:, None], snapshot + mean, snapshot)
    spread = np.where(averaged[:, None], spread, np.nan)
    if states.learned is not None:
        columns = moved(states.snapshot, states.states).columns()
        types = states.snapshot.types
        joined = states.learned.joined(types, times, average, columns)
        at = averaged & states.learned.at(times)
        values = np.where(at[:, None], joined, average).astype(average.dtype)
    return OverStates(
        values, average, snapshot, spread, averaged, states.plan, states.seconds, states.learned, at
    )


def alone(how: Preparation) -> Preparation:
    """The same in this process alone, without a word."""
    return replace(how, n_processes=1, progress=False)
