"""``equiglass four-point``: how heterogeneous mobility is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from ..analysis.four_point import FourPoint
from ..analysis.four_point import four_point as run_four_point
from ..data.dataset import Data, as_dataset
from ..errors import InputError
from .models import Model, Watch, loaded, model_and_data
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

    Configurations of each temperature together, in order of temperature; those that state none
    are one group.

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
    dataset = as_dataset(data, species=species)
    temperatures = dataset.temperatures()
    if len(temperatures) > 1:
        groups = [dataset.at_temperature(t) for t in temperatures]
        found = sum(map(len, groups))
        if found < len(dataset):
            raise InputError(
                "some configurations state their temperature and others do not",
                source=dataset.source, field="temperature", found=f"{found} of {len(dataset)} do",
            )  # fmt: skip
    else:
        groups = [dataset]
    rows, watched = [], []
    # Before any work: whether the model predicts at all of these temperatures.
    networks = [loaded(model, group) for group in groups]
    for own, group in zip(networks, groups, strict=True):
        network, configurations, _ = model_and_data(own, group, None, options)
        watch = Watch(network, strict=strict)
        rows += run_four_point(network, configurations, q_max=q_max, predict=watch.predict)
        watched.append(watch)
    for watch in watched:
        watch.warn()
    return rows
