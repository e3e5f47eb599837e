"""What was learned from displacements on the way to states, and how much they add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..models.displacements import StateDisplacements
from ..simulation.states import Plan
from .correlation import mean_and_std
from .paired import paired_difference
from .score import Evaluation, common_times


@dataclass(frozen=True, eq=False)
class Learned:
    """What displacements add, and scores on configurations that took no part.

    Attributes
    ----------
    snapshot, average
        Of the snapshots alone, and averaged over states.
    joined, alone
        With displacements, each configuration by terms that the others have, whatever their
        members learned from; and by displacements without any prediction.
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
        times = model_times(self.displacements, self.joined)
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
                "joined_minus_average": paired_difference(joined, average).as_dict(),
            }
            for snapshot, average, joined, alone in every
            if (joined.type, times.get(joined.time)) in terms
        ]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.displacements.model_dump(mode="json"), "scores": self.rows()}


def model_times(found: StateDisplacements, evaluation: Evaluation) -> dict[float, float]:
    """For times of labels, as scores call them, those of the model, which may have other digits."""
    pairs = common_times([one.time for one in found.terms], evaluation.times)
    return {evaluation.times[column]: found.terms[row].time for row, column in pairs}


def with_scores(
    found: StateDisplacements, average: Evaluation, joined: Evaluation
) -> StateDisplacements:
    """With the correlations of each type and time."""
    times = model_times(found, joined)

    def means(evaluation: Evaluation) -> dict[tuple[str, float | None], float | None]:
        return {
            (s.type, times.get(s.time)): mean_and_std(list(s.per_configuration))[0]
            for s in evaluation.scores
        }

    of_average, of_joined = means(average), means(joined)
    terms = (
        one.model_copy(
            update={
                "rho_average": of_average.get((one.type, one.time)),
                "rho_joined": of_joined.get((one.type, one.time)),
            }
        )
        for one in found.terms
    )
    return found.model_copy(update={"terms": tuple(terms)})
