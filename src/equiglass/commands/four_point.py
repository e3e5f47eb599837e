"""``equiglass four-point``: how heterogeneous mobility is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from ..analysis.four_point import FourPoint
from ..analysis.four_point import four_point as run_four_point
from ..data.dataset import Data
from .models import Model, Watch, model_and_data
from .options import Preparing


def four_point(
    model: Model,
    data: Data,
    *,
    q_max: float = 4.0,
    strict: bool = False,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> list[FourPoint]:
    """Four-point functions of predicted and measured mobility: chi_4, S_4(q) and its length.

    Parameters
    ----------
    q_max
        Largest wave number, 1/sigma.
    strict, options
        As in :func:`equiglass.commands.predict.predict`.

    Raises
    ------
    InputError
        As :func:`equiglass.analysis.four_point.four_point`, or if model and data do not fit.
    """
    network, configurations, _ = model_and_data(model, data, species, options)
    watch = Watch(network, strict=strict)
    rows = run_four_point(network, configurations, q_max=q_max, predict=watch.predict)
    watch.warn()
    return rows
