"""``equiglass predict``: the propensity of every particle of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from ..data.dataset import Data
from ..evaluation.prediction import Prediction
from ..progress import track
from ..reporting.predictions import ENDINGS, write_predictions
from .models import Model, Watch, model_and_data
from .options import PathLike, Preparing, check_output, preparation_of


def predict(
    model: Model,
    snapshot: Data,
    *,
    output: PathLike | None = None,
    strict: bool = False,
    memory: str | int | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> list[Prediction]:
    """Predicted propensities of each configuration of a snapshot.

    What of it is outside of the model's training domain is in the result, and a warning.

    Parameters
    ----------
    output
        File to write the predictions to as well, ``.extxyz`` or ``.npz``, see
        :func:`equiglass.reporting.predictions.write_predictions`.
    strict
        Whether a snapshot outside of the model's training domain is an error; nothing is written
        then.
    memory
        That the process shall not exceed, such as ``8GB``, for configurations so large that they
        are taken in slabs; by default what it has and half of what is free.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If model and snapshot do not fit, the output cannot be written, or the memory is not enough.
    """
    target = None if output is None else check_output(output, endings=ENDINGS)
    how = preparation_of(options)
    network, configurations, limit = model_and_data(
        model, snapshot, species, options, memory=memory
    )
    watch = Watch(network, strict=strict, memory=limit)
    steps = sum(network.n_steps(len(c)) for c in configurations)
    with track("predict", steps, enabled=how.progress) as advance:
        values = [watch.predict(c, advance=advance) for c in configurations]
    predictions = [
        Prediction(c, network.times, v, network.card.name, found, c.potential, watch.knows)
        for c, v, found in zip(configurations, values, watch.found, strict=True)
    ]
    if target is not None:
        write_predictions(target, predictions)
    watch.warn()
    return predictions
