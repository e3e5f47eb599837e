"""Stores of earlier versions: what their records say, in the words of the present one.

Version 1: a relaxation time was a number, by the scattering function of the simulation's settings;
the potential was a name, recorded once for the whole store. Version 2: both stand with each
configuration, the time with its definition and the potential by content. Checksums came later
within version 2: who does not know them reads the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..errors import InputError
from .potential import POTENTIALS
from .record import Record, check_record
from .relaxation import scattering_definition

VERSION = 2
Attributes = dict[str, Any]


def _from_1(store: Attributes, record: Attributes) -> Attributes:
    simulation = store.get("simulation") or {}
    if isinstance(simulation, str):
        simulation = json.loads(simulation)
    result = dict(record)
    potential = record.get("potential") or simulation.get("potential") or store.get("potential")
    if not isinstance(potential, dict):
        # Another name than a built-in one says nothing.
        known = POTENTIALS.get(str(potential))
        potential = known.model_dump(mode="json") if known else None
    result["potential"] = potential
    time = result.setdefault("relaxation_time", None)  # the first stores had none
    if isinstance(time, (int, float)):
        settings: Attributes = simulation.get("config") or simulation
        observables: Attributes = settings.get("observables") or {}
        definition = scattering_definition(observables.get("wave_number", 7.25))
        result["relaxation_time"] = {"value": time, "definition": definition}
    return result


# What turns a configuration's record of each version into one of the next.
UPGRADES: dict[int, Callable[[Attributes, Attributes], Attributes]] = {1: _from_1}


def upgraded(store: Attributes, record: Attributes) -> Attributes:
    """A configuration's record as the present version would have written it.

    Parameters
    ----------
    store
        The record of the store as a whole.
    """
    for version in range(store["version"], VERSION):
        record = UPGRADES[version](store, record)
    return record


def present_record(store: Attributes, record: Attributes, source: object, name: str) -> Record:
    """The same, checked.

    Raises
    ------
    InputError
        If one of the two is damaged.
    """
    try:
        content = upgraded(store, record)
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"damaged record: {error}", source=str(source), field=name) from error
    return check_record(content, source, name)


def check_version(store: Attributes, source: object) -> None:
    """Raise InputError for a version that this code cannot read."""
    version = store.get("version")
    if type(version) is not int or not (version == VERSION or version in UPGRADES):
        raise InputError(
            "written by another version of equiglass",
            source=str(source),
            field="version",
            expected=f"at most {VERSION}",
            found=version,
        )
