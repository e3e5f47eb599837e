"""The relaxation time of a liquid, with the definition behind its number."""

from __future__ import annotations

from dataclasses import dataclass

PUBLISHED = "published grid"


def scattering_definition(wave_number: float) -> str:
    """The name of the definition by the scattering function of the majority species."""
    return f"F_s({wave_number:g}) = 1/e"


@dataclass(frozen=True)
class RelaxationTime:
    """tau_alpha in tau_LJ, and what was called so: definitions differ by factors of two.

    Attributes
    ----------
    definition
        ``F_s(7.25) = 1/e`` for one that was measured, ``published grid`` for the time that the
        publishers of a data set call the relaxation time.
    """

    value: float
    definition: str
