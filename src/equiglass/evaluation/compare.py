"""Several predictors on the same configurations, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .correlation import mean_and_std
from .html import html_table
from .paired import paired_difference
from .score import Evaluation


@dataclass(frozen=True)
class Contender:
    """A predictor's scores and what it costs.

    Attributes
    ----------
    n_parameters
        Trained parameters; None for what was not trained here.
    training_seconds
        As recorded when it was trained, on that machine, in all parts of a run that was stopped;
        None where it is not known.
    seconds_per_configuration
        Of prediction, here and now, without the making of inherent structures.
    """

    evaluation: Evaluation
    n_parameters: int | None
    training_seconds: float | None
    seconds_per_configuration: float | None

    def as_dict(self, first: Evaluation | None = None) -> dict[str, Any]:
        """The entry of the JSON output; ``first`` is the predictor that differences are from."""
        result = {
            **self.evaluation.as_dict(),
            "parameters": self.n_parameters,
            "training_seconds": self.training_seconds,
            "seconds_per_configuration": self.seconds_per_configuration,
        }
        if first is not None:
            pairs = zip(first.scores, self.evaluation.scores, strict=True)
            result["first_minus_this"] = [
                {"type": a.type, "time": a.time, **paired_difference(a, b).as_dict()}
                for a, b in pairs
            ]
        return result


class Comparison(tuple[Contender, ...]):
    """Several predictors on the same configurations."""

    __slots__ = ()

    def __repr__(self) -> str:
        names = ", ".join(contender.evaluation.model for contender in self)
        return f"<Comparison of {names} on {self[0].evaluation.data}>" if self else "<Comparison>"

    def _repr_html_(self) -> str:
        return html_table(self.rows())

    @property
    def names(self) -> list[str]:
        """What each is called in tables: the name of its folder, or its path where that is not one.

        Numbered where one stands twice.
        """
        paths = [c.evaluation.model for c in self]
        names = [Path(path).name for path in paths]
        names = names if len(set(names)) == len(names) else paths
        if len(set(names)) == len(names):
            return names
        return [f"{name} ({k + 1})" for k, name in enumerate(names)]

    def as_list(self) -> list[dict[str, Any]]:
        """The JSON output, with the differences of the first from each."""
        return [c.as_dict(self[0].evaluation if k else None) for k, c in enumerate(self)]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each (type, time): mean rho per configuration of each, and the ceiling."""
        if not self:
            return []
        return [
            {"type": first.type, "time": f"{first.time:g}"}
            | {
                name: mean_and_std(list(c.evaluation.scores[k].per_configuration))[0]
                for name, c in zip(self.names, self, strict=True)
            }
            | {"ceiling": first.ceiling}
            for k, first in enumerate(self[0].evaluation.scores)
        ]
