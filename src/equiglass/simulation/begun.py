"""What a store was begun with: physics, times and chains that later commands must agree with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import read
from ..data.potential import Potential, require_same
from ..data.store import create_store, store_attributes, update_attributes
from ..errors import InputError
from ..yaml_config import parse_mapping
from .config import RelaxationTimes, SimulationConfig, StatePoint
from .seeds import label

STARTS = "starts"


def begin(store: Path, config: SimulationConfig, potential: Potential) -> None:
    """Create the store, or refuse one that was begun with other physics.

    Raises
    ------
    InputError
        Naming each setting that differs; or if the store was not begun by a simulation, or from
        other configurations.
    """
    settings = json.loads(config.physics())
    physics = {"config": settings, "potential": potential.model_dump(mode="json")}
    starts = _starts(config)
    create_store(
        store, simulation=physics, times={}, **({} if starts is None else {STARTS: starts})
    )
    attributes = store_attributes(store)
    found = attributes.get("simulation")
    # Stores of before this was recorded do not say from what they were begun.
    if attributes.get(STARTS, starts) != starts:
        raise InputError(
            "was begun from other configurations; choose a new output or restore the data",
            source=store, field="start_from", expected=attributes[STARTS], found=starts,
        )  # fmt: skip
    if found == physics:
        return
    if not isinstance(found, dict) or not {"potential", "config"} <= set(found):
        raise InputError("was not begun by a simulation; choose a new output", source=store)
    require_same(potential, parse_mapping(found["potential"], Potential, source=str(store)), store)
    # The potential is what it says, whatever it is called and wherever its file lies.
    before = {**found["config"], "potential": settings["potential"]}
    if before != settings:
        raise InputError(
            "was begun with another configuration; choose a new output or restore the settings",
            source=store,
            field=", ".join(_differences(settings, before, "config")),
        )


def _starts(config: SimulationConfig) -> str | None:
    """A hash of the configurations to start from, in their order; None where they are made."""
    if config.start_from is None:
        return None
    digest = hashlib.sha256()
    for c in read(config.start_from):
        digest.update(repr((c.temperature, c.periodic)).encode())
        for array in (c.types, c.box, c.positions):
            digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()[:16]


def key_of(point: StatePoint) -> str:
    """Of a temperature in the records of the store."""
    return label(point.temperature, 6)


def check_times(config: SimulationConfig, store: Path) -> None:
    """Record the times asked for at each temperature, or refuse others than those recorded."""
    recorded = store_attributes(store)["times"]
    for point in config.state_points:
        key = key_of(point)
        asked = json.loads(point.model_dump_json(include={"times"}))["times"]
        before = recorded.get(key)
        if before is not None and before["asked"] != asked:
            raise InputError(
                "was begun with other times",
                source=store,
                field=f"times at T = {key}",
                expected=before["asked"],
                found=asked,
            )
        measured = isinstance(point.times, RelaxationTimes)
        grid = None if measured else list(config.fixed_times(point))
        recorded.setdefault(key, {"asked": asked, "grid": grid})
    update_attributes(store, times=recorded)


def _differences(a: Any, b: Any, prefix: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        keys = sorted(set(a) | set(b))
        return [d for k in keys for d in _differences(a.get(k), b.get(k), f"{prefix}.{k}")]
    return [] if a == b else [f"{prefix.lstrip('.')} (now {a}, was {b})"]


def check_chains(config: SimulationConfig, store: Path) -> None:
    """Record the spacing of the chains at each temperature, or refuse another than recorded.

    More chains or starts may be asked for.
    """
    recorded = store_attributes(store).get("chains", {})
    for point in config.state_points:
        if point.chains is None or not point.chains.n_chains:
            continue
        key = key_of(point)
        asked = point.chains.model_dump(mode="json", exclude={"n_chains", "starts"})
        before = recorded.setdefault(key, {"asked": asked, "spacing": point.chains.spacing_time})
        differences = _differences(asked, before["asked"], "chains")
        if differences:
            raise InputError(
                "was begun with other chains",
                source=store,
                field=f"{', '.join(differences)} at T = {key}",
            )
    update_attributes(store, chains=recorded)
