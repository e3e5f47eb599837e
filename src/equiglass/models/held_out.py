"""What a model was trained on, and which members of a cross-validated one have not seen what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from ..data.configuration import Configuration
from ..data.contents import structure_print
from ..errors import InputError
from .propensity import PropensityModel

KEY = "cross_validation"
TRAINED_ON = "trained_on"  # among the notes of the card


def prints_of(configurations: Iterable[Configuration]) -> list[str]:
    """What tells each one's structure apart, shortened."""
    return [structure_print(c)[:12] for c in configurations]


def names_in_record(sources: Sequence[str]) -> list[str]:
    """What each is called in a record: its name, with that of its data set where two are alike."""
    names = [Path(source).name for source in sources]
    count = Counter(names)
    return [
        _with_set(source) if count[name] > 1 else name
        for source, name in zip(sources, names, strict=True)
    ]


def recorded_name(known: Container[str], source: str) -> str:
    """The name by which a record knows a configuration, if it does."""
    name = _with_set(source)
    return name if name in known else Path(source).name


def _with_set(source: str) -> str:
    return "/".join(Path(source).parts[-2:])


def with_those_of(prints: Iterable[str], start: PropensityModel | None) -> list[str] | None:
    """With what the model was trained on that the training began with; None if that is not known.

    In order, each once.
    """
    before = [] if start is None else start.card.notes.get(TRAINED_ON)
    return sorted({*prints, *before}) if isinstance(before, list) else None


def trained_on(
    model: PropensityModel, configurations: Sequence[Configuration]
) -> list[Configuration] | None:
    """Those of some configurations whose structures are in the training data of all members.

    None for a model that does not record them.
    """
    recorded = model.card.notes.get(TRAINED_ON)
    if not isinstance(recorded, list):
        return None
    known = set(map(str, recorded))
    prints = prints_of(configurations)
    return [c for c, one in zip(configurations, prints, strict=True) if one in known]


def said_of_training(model: PropensityModel, configurations: Sequence[Configuration]) -> str | None:
    """A sentence where a model is scored on what it was trained on; None where it is not.

    A model that does not record its structures is asked for the names in its cross-validation,
    each of which all members but one have seen.
    """
    seen = trained_on(model, configurations)
    if seen is None:
        names = unseen_by(model)
        seen = [c for c in configurations if Path(c.source).name in names]
        how = "bear the names of those that the model was cross-validated on"
    else:
        how = "are training data of the model"
    if not seen:
        return None
    return f"{len(seen)} of the {len(configurations)} configurations {how}: scores are no test"


def unseen_by(model: PropensityModel) -> dict[str, tuple[int, ...]]:
    """For each configuration of the cross-validation, by name, the members that did not see it.

    Members lie in the order of the folds that they belong to. Empty for a model that records no
    cross-validation, each of whose members has seen all.
    """
    rows = model.card.metrics.get(KEY, {}).get("pearson", [])
    folds = [list(fold) for fold in rows[0]["folds"]] if rows else []
    if not folds or len(model.members) % len(folds):
        return {}
    each = len(model.members) // len(folds)
    return {
        name: tuple(range(k * each, (k + 1) * each))
        for k, names in enumerate(folds)
        for name in names
    }


def recorded_rho(model: PropensityModel, source: str) -> dict[tuple[str, float], float]:
    """The held-out correlation that the model's card records for a configuration, by type, time."""
    rows = model.card.metrics.get(KEY, {}).get("pearson", [])
    return {
        (row["type"], float(row["time"])): float(fold[name])
        for row in rows
        for fold in row["folds"]
        if fold.get(name := recorded_name(fold, source)) is not None
    }


def members_for(
    model: PropensityModel, configurations: Sequence[Configuration]
) -> list[tuple[int, ...]] | None:
    """The members that did not see each configuration; None where none was in the training.

    Raises
    ------
    InputError
        If some were in the training of all members, and others not.
    """
    unseen = unseen_by(model)
    found = [unseen.get(recorded_name(unseen, c.source)) for c in configurations]
    if all(one is None for one in found):
        return None
    for c, one in zip(configurations, found, strict=True):
        if one is None:
            raise InputError(
                "some of these were held out of folds of the model's cross-validation and others "
                "are no part of it; give one kind",
                source=c.source, expected=", ".join(unseen),
            )  # fmt: skip
    return [one for one in found if one is not None]
