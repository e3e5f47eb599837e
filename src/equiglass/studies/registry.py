"""The studies by name. Light to import: the command line reads its help texts from here."""

from __future__ import annotations

from .base import Study
from .depth import Depth
from .equal_time import EqualTime
from .equivariance import Equivariance
from .inputs import Inputs
from .labels import Labels
from .layers import Layers
from .order import OrderParameter
from .rivals import Rivals
from .size import Size
from .target import Targets
from .temperature import Temperature
from .timescales import Timescales
from .transfer import Transfer

STUDIES: dict[str, Study] = {
    study.kind: study
    for study in (
        Inputs(),
        Depth(),
        Size(),
        Equivariance(),
        EqualTime(),
        Rivals(),
        Timescales(),
        Temperature(),
        OrderParameter(),
        Transfer(),
        Layers(),
        Labels(),
        Targets(),
    )
}


def study_of(kind: str) -> Study:
    """The study of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    from ..errors import InputError

    if kind not in STUDIES:
        raise InputError("no such study", field="kind", expected=", ".join(STUDIES), found=kind)
    return STUDIES[kind]
