"""Learning from displacements on the way to states, beside predictions of what was held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..errors import InputError
from ..models.displacements import (
    INHERENT,
    DisplacementTerms,
    StateDisplacements,
    moved,
    same_runs,
)
from ..models.held_out import members_for, prints_of
from ..models.members import member_of
from ..models.over_states import over_states, plans_of, states_of
from ..models.propensity import PropensityModel
from ..simulation.preparation import Preparation
from ..simulation.states import WELL_BELOW, Plan, States
from .learned import Learned, with_scores
from .score import Evaluation, compared_times, score

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class _Sample:
    """One configuration: predictions (T, N) and what displacements give, (N, 2)."""

    configuration: Configuration
    structure: str
    snapshot: Array
    average: Array
    columns: NDArray[np.float64]


def check_learnable(
    model: PropensityModel, configurations: Sequence[Configuration], states: States, data: str
) -> list[Plan]:
    """How states are made, if something can be learned from displacements; nothing is made.

    Raises
    ------
    InputError
        If there are fewer than two structures; if the model reads no inherent positions; if the
        runs of one configuration are not those of another; if no label is at a time that is
        averaged; or as :func:`equiglass.models.over_states.plans_of`.
    """
    structures = set(prints_of(configurations))
    if len(structures) < 2:
        raise InputError(
            "too few to learn from displacements and to test it", source=data,
            expected="at least 2 structures", found=len(structures),
        )  # fmt: skip
    if INHERENT not in model.required_fields:
        raise InputError(
            f"the model {model.card.name} reads no inherent positions, from which these are taken",
            source=data, field="states.displacements", expected=INHERENT,
            found=", ".join(model.required_fields),
        )  # fmt: skip
    plans = plans_of(model, configurations, replace(states, displacements=False))
    for c, plan in zip(configurations, plans, strict=True):
        if not same_runs(plan, plans[0]):
            raise InputError(
                "displacements in other runs than those of the first configuration",
                source=c.source, field="states", expected=str(plans[0]), found=str(plan),
            )  # fmt: skip
    if not _rows(model, configurations, plans[0], data):
        known = configurations[0].times
        assert known is not None  # they were compared with the model's
        raise InputError(
            "no label at a time that is averaged", source=data, field="times",
            expected=f"at least {WELL_BELOW * plans[0].longest:g}",
            found=", ".join(f"{t:g}" for t in known),
        )  # fmt: skip
    return plans


def _rows(
    model: PropensityModel, configurations: Sequence[Configuration], plan: Plan, data: str
) -> list[tuple[int, int]]:
    """Of the model and of the labels, the rows of times that are averaged."""
    averaged = plan.averaged(model.times)
    pairs = compared_times(model.times, configurations, data)
    return [(row, column) for row, column in pairs if averaged[row]]


def learn_displacements(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    how: Preparation,
    states: States,
    data: str,
    advance: Callable[[], None] = lambda: None,
) -> Learned:
    """Terms by least squares over all particles, of each type and time.

    Where the model records a cross-validation, configurations are those of its folds, each
    predicted by the members of its fold; else all members predict all of them.

    Parameters
    ----------
    configurations
        Complete as the model reads them, with labels.

    Raises
    ------
    InputError
        As :func:`check_learnable` and :func:`equiglass.models.over_states.states_of`.
    """
    plan = check_learnable(model, configurations, states, data)[0]
    rows = _rows(model, configurations, plan, data)
    unseen = members_for(model, configurations)
    everyone = tuple(range(len(model.members)))
    plain = replace(states, displacements=False)  # they are not there yet
    samples, seconds = [], 0.0
    made_of = states_of(model, configurations, how, plain, measured=True)
    for i, made in enumerate(made_of):
        c, chosen = made.snapshot, everyone if unseen is None else unseen[i]
        each = []
        for k in chosen:
            member = member_of(model, k)
            each.append(over_states(model.times, member.predict(c), made, member.predict))
        samples.append(
            _Sample(
                c,
                prints_of([c])[0],
                np.mean([one.snapshot for one in each], axis=0),
                np.mean([one.average for one in each], axis=0),
                moved(c, made.states).columns(),
            )
        )
        seconds += made.seconds
        advance()
    accuracy = samples[0].configuration.accuracy
    assert accuracy is not None  # as that of all was found to be

    def fitted(some: Sequence[_Sample], *, predicted: bool = True) -> StateDisplacements:
        structures = sorted({s.structure for s in some})
        return StateDisplacements(
            data=data, n_configurations=len(structures), fitted_to=tuple(structures),
            n_members=len(everyone if unseen is None else unseen[0]),
            accuracy=accuracy.content(), runs=plan.runs, spacing=plan.spacing,
            temperature=plan.temperature,
            terms=_terms(some, model.times, rows, predicted=predicted),
        )  # fmt: skip

    def left_out(*, predicted: bool) -> list[Array]:
        found = []
        for sample in samples:
            # Labels of one structure go together.
            others = [one for one in samples if one.structure != sample.structure]
            terms, types = fitted(others, predicted=predicted), sample.configuration.types
            found.append(terms.joined(types, model.times, sample.average, sample.columns))
        return found

    def scored(values: Sequence[Array]) -> Evaluation:
        by = {id(s.configuration): v for s, v in zip(samples, values, strict=True)}
        own = [s.configuration for s in samples]
        return score(
            lambda c: by[id(c)], model.times, own, model=model.card.name, data=data,
            target=model.card.target,
        )  # fmt: skip

    average, joined = scored([s.average for s in samples]), scored(left_out(predicted=True))
    return Learned(
        with_scores(fitted(samples), average, joined),
        scored([s.snapshot for s in samples]),
        average,
        joined,
        scored(left_out(predicted=False)),
        plan,
        seconds,
    )


def _terms(
    samples: Sequence[_Sample],
    times: Sequence[float],
    rows: Sequence[tuple[int, int]],
    *,
    predicted: bool,
) -> tuple[DisplacementTerms, ...]:
    first = 0 if predicted else 1  # column that is used
    found = []
    for row, column in rows:
        for t in range(samples[0].configuration.n_types):
            features, labels = [], []
            for s in samples:
                c = s.configuration
                assert c.propensity is not None
                mine = (c.types == t) & np.isfinite(c.propensity[column])
                ones = np.ones((mine.sum(), 1))
                every = np.hstack([s.average[row][mine, None], s.columns[mine], ones])
                features.append(every[:, first:])
                labels.append(c.propensity[column][mine])
            matrix = np.concatenate(features)
            if len(matrix) <= matrix.shape[1]:
                continue
            solved, *_ = np.linalg.lstsq(matrix, np.concatenate(labels), rcond=None)
            prediction, thermal, inherent, constant = [0.0] * first + solved.tolist()
            found.append(
                DisplacementTerms(
                    type=TYPE_NAMES[t], time=times[row], prediction=prediction, thermal=thermal,
                    inherent=inherent, constant=constant,
                )
            )  # fmt: skip
    return tuple(found)
