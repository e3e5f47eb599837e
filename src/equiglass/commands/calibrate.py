"""``equiglass calibrate``: error bars that cover what they claim, from held-out data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from ..data.dataset import Data
from ..errors import InputError
from ..evaluation.held_out import Calibrated, calibration_of
from ..evaluation.score import compared_times
from ..models.held_out import unseen_by
from ..models.prepared import prepared
from ..models.propensity import PropensityModel
from ..progress import track
from .models import Model, chosen_split, loaded
from .options import PathLike, Preparing, check_output, preparation_of


def calibrate(
    model: Model,
    data: Data,
    *,
    output: PathLike | None = None,
    split: str | None = None,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Calibrated:
    """Intervals of 68 and 95 % for the propensity, calibrated and tested on held-out data.

    Of a model that records a cross-validation, ``data`` are the configurations of its folds, each
    of which is predicted by the members that did not see it. Of any other they must be ones that
    it was not trained on, and all members predict all of them.

    Parameters
    ----------
    output
        Folder to write the model to with its calibration; predictions by it have error bars.
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If the data have no labels, or labels without errors, or are those that the model was
        trained on; if a recorded score does not come out again.
    """
    target = None if output is None else check_output(output, folder=True)
    network, how = loaded(model), preparation_of(options)
    chosen = chosen_split(data, split, species)
    _check_unseen(network, chosen.source, len(chosen.splits) > 1 or split not in (None, "all"))
    labelled = list(chosen)
    compared_times(network.times, labelled, chosen.source)  # before anything is quenched
    configurations = prepared(network, labelled, how)
    with track("calibrate", len(configurations), enabled=how.progress) as advance:
        found = calibration_of(network, configurations, Path(chosen.source).name, advance)
    if target is not None:
        network.card = replace(network.card, calibration=found.calibration)
        network.save(target)
    return found


def _check_unseen(model: PropensityModel, source: str, is_split: bool) -> None:
    """Raise InputError for the whole of what the card says that all members were trained on."""
    training = model.card.notes.get("training", {}).get("data", {}).get("path")
    same = training is not None and Path(str(training)).resolve() == Path(source).resolve()
    if same and not is_split and not unseen_by(model):
        raise InputError(
            f"the model {model.card.name} was trained on these: errors on them say nothing of "
            "others",
            source=source, expected="data that it did not see, or --split",
        )  # fmt: skip
