"""``equiglass probe``: which descriptors each layer holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from ..analysis.probes import probe as run_probe
from ..data.dataset import Data, as_dataset
from ..errors import InputError
from .models import Model, model_and_data
from .options import Preparing


def probe(
    model: Model,
    data: Data,
    *,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> list[dict[str, Any]]:
    """Which descriptors, of which radius, each layer of a network holds.

    Linear maps are fitted on the first half of the configurations and tested on the second.

    Parameters
    ----------
    options
        See :class:`equiglass.commands.options.Preparing`.

    Returns
    -------
    As :func:`equiglass.analysis.probes.probe`.

    Raises
    ------
    InputError
        For fewer than two configurations, or a network without such layers.
    """
    dataset = as_dataset(data, species=species)
    if len(dataset) < 2:
        raise InputError(
            "a probe is fitted on one half and tested on the other", source=dataset.source
        )
    network, configurations, _ = model_and_data(model, dataset, None, options)
    half = (len(configurations) + 1) // 2
    return run_probe(network, configurations[:half], configurations[half:])
