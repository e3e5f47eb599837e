"""How well a predictor does: Pearson per type and time, both kinds, beside the noise ceiling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.accuracy import coarsest_accuracy
from ..data.configuration import Configuration
from ..data.potential import Potential
from ..errors import InputError
from ..models.ranges import Departure
from ..simulation.target import DISPLACEMENT, TARGETS, TargetName
from .correlation import mean_and_std
from .extra import ExtraSimulation
from .html import html_table
from .paired import paired_difference
from .predictors import Array, Predictor
from .sampling import Sampling
from .scored import Score, score_of

if TYPE_CHECKING:
    from ..models.over_states import OverStates


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores of one predictor on one data set, with what it predicted.

    Attributes
    ----------
    predicted, measured
        (n_times, N) per configuration, in the unit of the target.
    departures
        What of each configuration is outside of the model's training domain; empty where nothing
        is known about that.
    potential
        Under which the model's inputs were made, where the configurations record it.
    sampling
        How the labels were drawn.
    over_states
        Of each structure, where predictions are averages over states.
    snapshot
        The evaluation of the snapshots alone, where they are.
    target
        What is predicted and measured; configurations show labels of it as their ``propensity``.
    """

    model: str
    data: str
    times: tuple[float, ...]
    scores: tuple[Score, ...]
    configurations: tuple[Configuration, ...]
    predicted: tuple[Array, ...]
    measured: tuple[Array, ...]
    departures: tuple[tuple[Departure, ...], ...] = ()
    potential: Potential | None = None
    sampling: Sampling | None = None
    over_states: tuple[OverStates, ...] = ()
    snapshot: Evaluation | None = None
    target: TargetName = DISPLACEMENT.name

    @property
    def extra(self) -> ExtraSimulation | None:
        """The simulation that the predictions took beside the snapshots, if they did."""
        return ExtraSimulation.of([one.record() for one in self.over_states])

    def gain(self) -> list[dict[str, Any]]:
        """What averaging over states adds to the correlation, for each (type, time)."""
        if self.snapshot is None:
            return []
        pairs = zip(self.scores, self.snapshot.scores, strict=True)
        return [
            {"type": a.type, "time": a.time, **paired_difference(a, b).as_dict()} for a, b in pairs
        ]

    def __repr__(self) -> str:
        rho = ", ".join(
            f"{s.time:g}: {_text(mean_and_std(list(s.per_configuration))[0])}"
            for s in self.of_type("A")
        )
        n = len(self.predicted)
        return f"<Evaluation of {self.model} on {self.data} ({n}), ρ of A at {rho}>"

    def _repr_html_(self) -> str:
        return html_table(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """One row for each (type, time), of both kinds of correlation beside their ceilings."""
        return [
            {
                "type": s.type,
                "time": f"{s.time:g}",
                **dict(zip(("ρ", "std"), mean_and_std(list(s.per_configuration)), strict=True)),
                "ceiling": s.ceiling,
                "pooled ρ": s.pooled,
                "pooled ceiling": s.ceiling_pooled,
                "particles": s.n_particles,
            }
            for s in self.scores
        ]

    def as_dict(self) -> dict[str, Any]:
        """The JSON output of ``equiglass evaluate``."""
        accuracy = coarsest_accuracy(self.configurations)
        averaged: dict[str, Any] = {}
        if self.extra is not None and self.snapshot is not None:
            averaged = {
                "extra_simulation": self.extra.as_dict(),
                "snapshot_alone": [score.as_dict() for score in self.snapshot.scores],
                "averaged_minus_alone": self.gain(),
            }
        return {
            "model": self.model,
            "data": self.data,
            "target": self.target,
            "n_configurations": len(self.predicted),
            "configurations": [Path(c.source).name for c in self.configurations],
            "potential": None if self.potential is None else self.potential.model_dump(mode="json"),
            "accuracy": None if accuracy is None else accuracy.model_dump(mode="json"),
            "outside_domain": [[one.as_dict() for one in found] for found in self.departures],
            "pearson": [score.as_dict() for score in self.scores],
            **averaged,
        }

    def of_type(self, name: str) -> list[Score]:
        """Scores of one type, in order of time."""
        return [s for s in self.scores if s.type == name]


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def common_times(
    model_times: Sequence[float], data_times: Sequence[float]
) -> list[tuple[int, int]]:
    """Pairs (index in the model, index in the data) of times that agree to one in a thousand."""
    return [
        (i, j)
        for i, a in enumerate(model_times)
        for j, b in enumerate(data_times)
        if abs(a - b) <= 1e-3 * max(a, b)
    ]


def measured_at(
    configurations: Sequence[Configuration], time: float, field: str = DISPLACEMENT.field
) -> list[Array] | None:
    """A target's labels (N,) of each at this time, by its own grid of times, NaN where not known.

    None where one has no labels, or none at a time that agrees to one in a thousand.
    """
    found: list[Array] = []
    for c in configurations:
        labels = getattr(c, field)
        if labels is None or c.times is None:
            return None
        pairs = common_times([time], c.times.tolist())
        if not pairs:
            return None
        found.append(labels[pairs[0][1]])
    return found


def compared_times(
    times: Sequence[float] | None, configurations: Sequence[Configuration], data: str
) -> list[tuple[int, int]]:
    """Pairs (row of the predictor, row of the data) that :func:`score` compares.

    Raises
    ------
    InputError
        If there are no propensities, or none at a time of the predictor.
    """
    first = configurations[0]
    for c in configurations:
        if c.propensity is None or c.times is None:
            raise InputError("has no propensity to compare with", source=c.source)
        if not np.array_equal(c.times, first.times):  # type: ignore[arg-type]
            raise InputError(
                "configurations with different times in one data set",
                source=c.source,
                field="times",
                expected=first.times,
                found=c.times,
            )
    assert first.times is not None
    if times is None:
        return [(0, j) for j in range(len(first.times))]
    pairs = common_times(times, first.times.tolist())
    if not pairs:
        raise InputError(
            "the model predicts none of the data's times",
            source=data,
            field="times",
            expected=list(times),
            found=first.times.tolist(),
        )
    return pairs


def score(
    predictor: Predictor,
    times: Sequence[float] | None,
    configurations: Sequence[Configuration],
    *,
    model: str,
    data: str,
    sampling: Sampling | None = None,
    target: TargetName = DISPLACEMENT.name,
    advance: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Compare a predictor with the propensities of configurations.

    Parameters
    ----------
    times
        Times of the predictor's rows; None for one row that is compared with every time.
    sampling
        How the labels were drawn; by default configurations of other positions are independent.
        Several labels of one structure are predicted once.
    target
        What is predicted; configurations that show labels of another are refused.
    advance
        Called after each prediction.

    Raises
    ------
    InputError
        If there are no propensities, or none at a time of the predictor.
    """
    for c in configurations:
        TARGETS[target].check(c)
    pairs = compared_times(times, configurations, data)
    first = configurations[0]
    assert first.times is not None  # as compared_times saw
    how = Sampling.of(configurations) if sampling is None else sampling
    of_structure: dict[int, Array] = {}
    predicted, measured = [], []
    for c, structure in zip(configurations, how.structures.tolist(), strict=True):
        if structure not in of_structure:
            values = predictor(c)
            of_structure[structure] = np.stack([values[i] for i, _ in pairs])
            advance()
        predicted.append(of_structure[structure])
        measured.append(np.stack([c.propensity[j] for _, j in pairs]))  # type: ignore[index]
    columns = [j for _, j in pairs]
    n_types = max(c.n_types for c in configurations)
    scores = tuple(
        score_of(
            configurations,
            [p[row] for p in predicted],
            [m[row] for m in measured],
            t,
            column,
            how,
        )
        for t in range(n_types)
        for row, column in enumerate(columns)
    )
    return Evaluation(
        model,
        data,
        tuple(float(first.times[j]) for j in columns),
        scores,
        tuple(configurations),
        tuple(predicted),
        tuple(measured),
        sampling=how,
        target=target,
    )
