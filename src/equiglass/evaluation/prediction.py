"""A predicted propensity, with what it was predicted from and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..data.potential import Potential
from ..errors import one_line
from ..models.ranges import Departure
from .departures import outside
from .html import html_table

if TYPE_CHECKING:
    from ase import Atoms

Array = NDArray[np.floating[Any]]


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
        (T, N) propensities, sigma.
    model
        Its name.
    departures
        What of the configuration is outside of the model's training domain.
    potential
        Under which the inputs were made; None where the configuration does not record it.
    domain_known
        Whether the model states a training domain; without one ``departures`` is empty.
    """

    configuration: Configuration
    times: tuple[float, ...]
    values: Array
    model: str
    departures: tuple[Departure, ...] = ()
    potential: Potential | None = None
    domain_known: bool = True

    @property
    def outside_domain(self) -> str:
        """What is outside of the model's training domain and by how much, or an empty text."""
        if not self.domain_known:
            return "not known: the model records no training domain"
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
        """:class:`ase.Atoms` with a column per time, ``predicted_propensity_0``, ...

        Times, model, potential and what is outside the model's domain are in ``info``.
        """
        from ..data.atoms import to_ase

        atoms = to_ase(self.configuration)
        for k, row in enumerate(self.values):
            atoms.arrays[f"predicted_propensity_{k}"] = np.asarray(row)
        atoms.info["predicted_times"] = np.asarray(self.times)
        atoms.info["model"] = one_line(self.model)
        if self.potential is not None:
            atoms.info["equiglass_potential"] = self.potential.model_dump_json()
        if self.departures:
            atoms.info["outside_domain"] = one_line(self.outside_domain)
        return atoms


def _span(times: Sequence[float]) -> str:
    if len(times) == 1:
        return f"t = {times[0]:g}"
    return f"{len(times)} times, {times[0]:g} to {times[-1]:g}"
