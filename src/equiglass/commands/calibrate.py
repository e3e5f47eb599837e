"""``equiglass calibrate``: error bars that cover what they claim, from held-out data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from ..data.configuration import Configuration
from ..data.dataset import Data, Dataset, as_dataset
from ..errors import InputError
from ..evaluation.displacements import check_learnable, learn_displacements
from ..evaluation.held_out import Calibrated, calibration_of
from ..evaluation.score import compared_times
from ..models.by_temperature import calibrated_at, temperature_departure
from ..models.displacements import same_runs
from ..models.held_out import members_for, trained_on, unseen_by
from ..models.prepared import prepared
from ..models.propensity import PropensityModel
from ..progress import track
from ..simulation.states import States, as_states
from .models import Model, chosen_split, loaded
from .options import PathLike, Preparing, check_output, preparation_of
from .places import check_apart


def calibrate(
    model: Model,
    data: Data,
    *,
    output: PathLike | None = None,
    split: str | None = None,
    states: int | States = 1,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Calibrated:
    """Intervals of 68 and 95 % for the propensity, calibrated and tested on held-out data.

    With states whose displacements are asked for, also what these add to averages over states.

    Of a model that records a cross-validation, ``data`` are the configurations of its folds, each
    of which is predicted by the members that did not see it. Of any other they must be ones that
    it was not trained on, and all members predict all of them.

    Parameters
    ----------
    output
        Folder to write the model to with its calibration; predictions by it have error bars.
    split
        A split of the data, or ``all``; by default ``test`` where there is one, else all.
    states
        How states are made, with ``displacements``: what is learned from them belongs to such runs
        alone, beside what the model has learned from others. They take a simulation from every
        configuration.
    options
        See :class:`equiglass.commands.options.Preparing`.

    Raises
    ------
    InputError
        If the data have no labels, or labels without errors, or are those that the model was
        trained on, or of another temperature than it was taken at; if a recorded score does not
        come out again; with ``output``, between the temperatures that have times of their own. If
        states are asked for without displacements, or with them of a model that has other times at
        each temperature.
    """
    target = None if output is None else check_output(output, folder=True)
    network, how = loaded(model, data, species), preparation_of(options)
    asked = _displacements(network, states)
    dataset = as_dataset(data, species=species)
    if target is not None:
        check_apart(target, data)
    chosen = chosen_split(dataset, split, None)
    potential = how.potential or network.potential
    labelled = [
        network.target.of(e.load(), example=e.example, potential=potential) for e in chosen.entries
    ]
    _check_temperature(network, labelled)
    if target is not None and network.undivided is not None:
        calibrated_at(network)  # before anything is predicted
    _check_unseen(network, dataset, chosen, labelled)
    compared_times(network.times, labelled, chosen.source)  # before anything is quenched
    if asked is not None:
        check_learnable(network, labelled, asked, Path(chosen.source).name)
    configurations = prepared(network, labelled, how)
    with track("calibrate", len(configurations), enabled=how.progress) as advance:
        found = calibration_of(network, configurations, Path(chosen.source).name, advance)
    card = replace(network.card, calibration=found.calibration)
    if asked is not None:
        with track("displacements", len(configurations), enabled=how.progress) as advance:
            name = Path(chosen.source).name
            learned = learn_displacements(network, configurations, how, asked, name, advance)
        others = [d for d in card.displacements if not same_runs(d, learned.displacements)]
        card = replace(card, displacements=(*others, learned.displacements))
        found = replace(found, learned=learned)
    if target is not None:
        network.card = card
        network.save(target)
    return found


def _displacements(model: PropensityModel, states: int | States) -> States | None:
    """The states from whose displacements something is to be learned."""
    asked = as_states(states)
    if asked is not None and not asked.displacements:
        raise InputError(
            "states without their displacements have nothing to calibrate",
            field="states.displacements", expected=True, found=False,
        )  # fmt: skip
    if asked is not None and model.undivided is not None:
        raise InputError(
            "displacements are learned for models whose times are the same at every temperature",
            source=model.card.name, field="states.displacements", expected=False, found=True,
        )  # fmt: skip
    return asked


def _check_temperature(model: PropensityModel, labelled: Sequence[Configuration]) -> None:
    """Raise InputError where error bars of one temperature would be those of another."""
    for c in labelled:
        if temperature_departure(model.temperature, c.temperature):
            raise InputError(
                f"error bars of {model.card.name} follow from data at its temperature alone",
                source=c.source, field="temperature", expected=model.temperature,
                found=c.temperature,
            )  # fmt: skip


def _check_unseen(
    model: PropensityModel, dataset: Dataset, chosen: Dataset, labelled: Sequence[Configuration]
) -> None:
    """Raise InputError where all members were trained on some of these.

    By what the card records of every structure; cards of older versions have the path alone.
    """
    if unseen_by(model) and members_for(model, labelled) is not None:
        return  # each is predicted by the members in whose fold it was held out
    seen = trained_on(model, labelled)
    if seen is None:
        learned = _learned_splits(model, dataset)
        pairs = zip(labelled, chosen.entries, strict=True)
        seen = [c for c, entry in pairs if entry.split in learned]
    if seen:
        raise InputError(
            f"the model {model.card.name} was trained on {len(seen)} of these {len(labelled)}: "
            "errors on them say nothing of others",
            source=seen[0].source, expected="data that it did not see, or --split",
        )  # fmt: skip


def _learned_splits(model: PropensityModel, dataset: Dataset) -> set[str | None]:
    """Splits of a data set that a model was trained on, if it is the one that the card names."""
    path = model.card.notes.get("training", {}).get("data", {}).get("path")
    names = {dataset.source, dataset.source.rpartition("@")[0] or dataset.source}
    if path is None or Path(str(path)).resolve() not in {Path(name).resolve() for name in names}:
        return set()
    found = {entry.split for entry in dataset.entries}
    if "train" in found:
        return {"train"}
    return found if len(found) == 1 else {None}
