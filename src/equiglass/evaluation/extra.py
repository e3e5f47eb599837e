"""What a prediction took beside the snapshot: simulation, always said with the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Of the record of one configuration, what is added up or belongs to it alone.
OF_EACH = ("processor_seconds",)
MOST_NAMED = 3


@dataclass(frozen=True)
class ExtraSimulation:
    """The simulation behind predictions that are averaged over states, of all configurations.

    Attributes
    ----------
    settings
        As :meth:`equiglass.simulation.states.Plan.record` has them, with ``averaged_at`` (T,);
        those that differ between configurations are lists of all there are.
    n
        Configurations.
    seconds
        Of processor time, of molecular dynamics, in all.
    """

    settings: dict[str, Any]
    n: int
    seconds: float

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> ExtraSimulation | None:
        """From the records of each configuration; None if there are none."""
        if not records:
            return None
        settings: dict[str, Any] = {}
        for key in records[0]:
            if key in OF_EACH:
                continue
            values = [r[key] for r in records]
            different = [v for k, v in enumerate(values) if v not in values[:k]]
            settings[key] = different[0] if len(different) == 1 else different
        seconds = sum(float(r["processor_seconds"]) for r in records)
        return cls(settings, len(records), round(seconds, 3))

    def as_dict(self) -> dict[str, Any]:
        """For JSON and the metadata of files."""
        return {
            **self.settings,
            "configurations": self.n,
            "processor_seconds": self.seconds,
            "sentence": str(self),
        }

    def __str__(self) -> str:
        s = self.settings
        share, tau = s["share_of_relaxation_time"], s["relaxation_time"]
        of_tau = "an unknown share of τ_α"
        if isinstance(tau, list) and not isinstance(share, list):
            of_tau = f"{100 * share:.2g} % of τ_α = {_several(tau)}"
        elif share is not None and not isinstance(share, list):
            definition = s["relaxation_time_definition"]
            of_tau = f"{100 * share:.2g} % of τ_α = {tau:g} ({definition})"
        elif isinstance(share, list) and None not in share:
            of_tau = f"{100 * min(share):.2g} to {100 * max(share):.2g} % of τ_α"
        runs = s["runs"] if s["runs"] and not isinstance(s["runs"][0], list) else s["runs"][0]
        joined = s.get("displacements")  # not in the records of earlier versions
        texts = joined if isinstance(joined, list) else [joined]
        what = "".join(f", {text}" for text in texts if text is not None)
        each = "" if self.n == 1 else " for each configuration"
        return (
            f"averaged over {_several(s['number'])} states{what}: extra simulation at prediction "
            f"of {_several(s['time'])} τ_LJ{each} ({of_tau}), {len(runs)} "
            f"run{'s' if len(runs) > 1 else ''} from the snapshot at T = "
            f"{_several(s['temperature'])}, {self.seconds:.3g} s of a processor and quenches"
        )


def _several(value: Any) -> str:
    if not isinstance(value, list):
        return f"{value:g}"
    named = ", ".join(f"{v:g}" for v in value[:MOST_NAMED])
    return named if len(value) <= MOST_NAMED else f"{min(value):g} to {max(value):g}"
