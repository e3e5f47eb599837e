"""How a run prepares its data, under which potential: settings, caller and data must agree."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ..data.accuracy import Accuracy
from ..data.configuration import Configuration
from ..data.fields import MADE_FIELDS
from ..errors import InputError
from ..simulation.preparation import Preparation
from .config import TrainConfig


def asked(
    config: TrainConfig,
    given: Preparation | None,
    begun: TrainConfig | None = None,
    *,
    progress: bool = False,
) -> Preparation:
    """The preparation that settings and caller ask for; on a resume, else that of the run.

    Raises
    ------
    InputError
        If the two name different potentials or accuracies.
    """
    preparation = replace(given or Preparation(), progress=progress)
    wanted, also = config.preparation.potential, preparation.potential
    if wanted is not None and also is not None and not wanted.same_as(also):
        raise InputError(
            "the settings name another potential than the one asked for beside them",
            source=config.data.source,
            field="preparation.potential",
            expected=wanted.name,
            found=also.beside(wanted),
        )
    if wanted is None and begun is not None:
        wanted = begun.preparation.potential
    preparation = replace(preparation, accuracy=_accuracy(config, preparation, begun))
    return preparation if wanted is None else preparation.under(wanted)


def _accuracy(
    config: TrainConfig, preparation: Preparation, begun: TrainConfig | None
) -> Accuracy | None:
    wanted, also = config.preparation.accuracy, preparation.accuracy
    if wanted is not None and also is not None and not wanted.same_as(also):
        raise InputError(
            "the settings name another accuracy than the one asked for beside them",
            source=config.data.source,
            field="preparation.accuracy",
            expected=wanted,
            found=also,
        )
    if wanted is None and also is None and begun is not None:
        return begun.preparation.accuracy
    return wanted or also


def settled(
    preparation: Preparation, configurations: Collection[Configuration], fields: Sequence[str]
) -> Preparation:
    """With the potential of the data, where it is known or something is to be made under it.

    Complete data that record no potential are taken as they are: nothing is made, and nothing
    said about them.

    Raises
    ------
    InputError
        As :meth:`~equiglass.simulation.preparation.Preparation.resolved`.
    """
    known, missing = preparation.potential is not None, set[str]()
    for c in configurations:
        known = known or c.potential is not None
        missing.update(name for name in fields if getattr(c, name) is None)
    makes = preparation.make and bool(missing) and missing <= set(MADE_FIELDS)
    return preparation.resolved(configurations) if known or makes else preparation


def recorded(config: TrainConfig, preparation: Preparation) -> TrainConfig:
    """The settings with the potential and accuracy that hold, by content."""
    holds = {"potential": preparation.potential, "accuracy": preparation.accuracy}
    content = config.preparation.model_copy(update=holds)
    return config.model_copy(update={"preparation": content})
