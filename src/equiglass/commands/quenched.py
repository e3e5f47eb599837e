"""Stores of quenched configurations: of which data, under which potential, how closely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data.accuracy import REFERENCE, Accuracy
from ..data.contents import contents
from ..data.dataset import Dataset
from ..data.potential import POTENTIALS, Potential
from ..data.store import create_store, store_attributes, update_attributes
from ..errors import InputError
from ..simulation.cage import Cages
from ..yaml_config import parse_mapping


def begin_quenched(
    store: Path, dataset: Dataset, potential: Potential, accuracy: Accuracy, cages: Cages | None
) -> None:
    """Make the store, or check that it was begun from the same, by content, and in the same way.

    Raises
    ------
    InputError
        If it was not.
    """
    origin = {
        "quenched_from": dataset.source,
        "fingerprint": dataset.fingerprint(),
        "contents": contents(dataset),
        "potential": potential.model_dump(mode="json"),
        "accuracy": accuracy.model_dump(mode="json"),
        **({} if cages is None else {"cages": cages.record()}),
    }
    create_store(store, **origin)
    found = store_attributes(store)
    recorded = _potential(found.get("potential"), store)
    if recorded is None or not recorded.same_as(potential):
        raise InputError(
            "the store was begun with another potential",
            source=store,
            field="potential",
            expected=potential.name,
            found="none" if recorded is None else recorded.beside(potential),
        )
    # Stores of before accuracies had names do not say theirs: it was the only one.
    begun = REFERENCE
    if found.get("accuracy") is not None:
        begun = parse_mapping(found["accuracy"], Accuracy, source=str(store))
    if not begun.same_as(accuracy):
        raise InputError(
            "the store was begun with another accuracy",
            source=store,
            field="accuracy",
            expected=begun,
            found=accuracy,
        )
    if found.get("cages") != origin.get("cages"):
        raise InputError(
            "the store was begun with other cages, or without; write another",
            source=store,
            field="cages",
            expected=found.get("cages") or "none",
            found=origin.get("cages") or "none",
        )
    # Older stores have the snapshots' fingerprint only, or the path of the data.
    key = next((k for k in ("contents", "fingerprint") if k in found), "quenched_from")
    if found.get(key) != origin[key]:
        raise InputError(
            "the store was begun from other data",
            source=store,
            field=key,
            expected=origin[key],
            found=found.get(key),
        )
    if "contents" not in found:
        update_attributes(store, **origin)


def _potential(stored: Any, store: Path) -> Potential | None:
    """As recorded: by content, in older stores by the name of one that is built in."""
    if isinstance(stored, dict):
        return parse_mapping(stored, Potential, source=str(store))
    return POTENTIALS.get(str(stored))
