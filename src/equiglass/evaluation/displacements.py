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
from ..models.held_out import members_for
from ..models.members import member_of
from ..models.over_states import over_states, plans_of, states_of
from ..models.propensity import PropensityModel
from ..simulation.preparation import Preparation
from ..simulation.states import Plan, States
from .correlation import mean_and_std
from .paired import paired_difference
from .score import Evaluation, compared_times, score

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Learned:
    """What displacements add, and scores on configurations that took no part.

    Attributes
    ----------
    snapshot, average
        Of the snapshots alone, and averaged over states.
    joined, alone
        With displacements, each configuration by the terms of all others; and by displacements
        without any prediction.
    seconds
        Of processor time that molecular dynamics took when it was done, for all configurations.
    """

    displacements: StateDisplacements
    snapshot: Evaluation
    average: Evaluation
    joined: Evaluation
    alone: Evaluation
    plan: Plan
    seconds: float

    def rows(self) -> list[dict[str, Any]]:
        """For each type and time with terms: the three correlations, and what is gained."""
        terms = {(one.type, one.time) for one in self.displacements.terms}
        four = (self.snapshot, self.average, self.joined, self.alone)
        every = zip(*(one.scores for one in four), strict=True)
        return [
            {
                "type": joined.type,
                "time": joined.time,
                "snapshot": mean_and_std(list(snapshot.per_configuration))[0],
                "average": mean_and_std(list(average.per_configuration))[0],
                "joined": mean_and_std(list(joined.per_configuration))[0],
                "displacements_alone": mean_and_std(list(alone.per_configuration))[0],
                "average_minus_snapshot": paired_difference(average, snapshot).as_dict(),
                "joined_minus_snapshot": paired_difference(joined, snapshot).as_dict(),
            }
            for snapshot, average, joined, alone in every
            if (joined.type, joined.time) in terms
        ]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.displacements.model_dump(mode="json"), "scores": self.rows()}


@dataclass(frozen=True, eq=False)
class _Sample:
    """One configuration: predictions (T, N) and what displacements give, (N, 2)."""

    configuration: Configuration
    snapshot: Array
    average: Array
    columns: NDArray[np.float64]


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
        If there are fewer than two; if the model reads no inherent structure; if the runs of one
        are not those of another; or as :func:`equiglass.models.over_states.states_of`.
    """
    if len(configurations) < 2:
        raise InputError(
            "too few to learn from displacements and to test it", source=data,
            expected="at least 2 configurations", found=len(configurations),
        )  # fmt: skip
    if INHERENT not in model.required_fields:
        raise InputError(
            f"the model {model.card.name} reads no inherent positions, from which these are taken",
            field="states.displacements",
        )  # fmt: skip
    pairs = compared_times(model.times, configurations, data)
    unseen = members_for(model, configurations)
    everyone = tuple(range(len(model.members)))
    plain = replace(states, displacements=False)  # they are not there yet
    plans = plans_of(model, configurations, plain)
    for c, plan in zip(configurations, plans, strict=True):
        if not same_runs(plan, plans[0]):
            raise InputError(
                "displacements in other runs than those of the first configuration",
                source=c.source, field="states", expected=str(plans[0]), found=str(plan),
            )  # fmt: skip
    samples, seconds = [], 0.0
    for i, made in enumerate(states_of(model, configurations, how, plain)):
        c, chosen = made.snapshot, everyone if unseen is None else unseen[i]
        each = []
        for k in chosen:
            member = member_of(model, k)
            each.append(over_states(model.times, member.predict(c), made, member.predict))
        samples.append(
            _Sample(
                c,
                np.mean([one.snapshot for one in each], axis=0),
                np.mean([one.average for one in each], axis=0),
                moved(c, made.states).columns(),
            )
        )
        seconds += made.seconds
        advance()
    rows = [(row, column) for row, column in pairs if plans[0].averaged(model.times)[row]]

    def fitted(some: Sequence[_Sample], *, predicted: bool = True) -> StateDisplacements:
        return StateDisplacements(
            data=data, n_configurations=len(some), runs=plans[0].runs,
            spacing=plans[0].spacing, temperature=plans[0].temperature,
            terms=_terms(some, model.times, rows, predicted=predicted),
        )  # fmt: skip

    def left_out(*, predicted: bool) -> list[Array]:
        found = []
        for sample in samples:
            others = fitted([one for one in samples if one is not sample], predicted=predicted)
            types = sample.configuration.types
            found.append(others.joined(types, model.times, sample.average, sample.columns))
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
        plans[0],
        seconds,
    )


def with_scores(
    found: StateDisplacements, average: Evaluation, joined: Evaluation
) -> StateDisplacements:
    """With the correlations of each type and time."""

    def means(evaluation: Evaluation) -> dict[tuple[str, float], float | None]:
        return {
            (s.type, s.time): mean_and_std(list(s.per_configuration))[0] for s in evaluation.scores
        }

    of_average, of_joined = means(average), means(joined)
    terms = (
        one.model_copy(
            update={
                "rho_average": of_average[one.type, one.time],
                "rho_joined": of_joined[one.type, one.time],
            }
        )
        for one in found.terms
    )
    return found.model_copy(update={"terms": tuple(terms)})


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
