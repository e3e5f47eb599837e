"""The project's own store: Zarr 3, one group per configuration, each written atomically."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .configuration import Configuration
from .fields import FIELDS
from .potential import POTENTIALS, Potential
from .relaxation import RelaxationTime, scattering_definition

FORMAT = "equiglass-store"
VERSION = 1
METADATA = (
    "temperature",
    "index",
    "source",
    "periodic",
    "n_trajectories",
    "relaxation_time",
    "potential",
)


def is_store(path: Path) -> bool:
    """Whether a folder is an equiglass store."""
    file = path / "zarr.json"
    if not file.is_file():
        return False
    try:
        return bool(json.loads(file.read_text())["attributes"]["format"] == FORMAT)
    except (json.JSONDecodeError, KeyError, TypeError):
        return False


def create_store(path: Path, **attributes: Any) -> None:
    """Make an empty store, or check that the folder is one already.

    Raises
    ------
    InputError
        If the path exists and is something else; nothing is touched then.
    """
    import zarr

    if path.exists():
        if not is_store(path):
            raise InputError("exists and is not an equiglass store", source=path)
        return
    zarr.create_group(
        path, attributes={"format": FORMAT, "version": VERSION, "units": "LJ", **attributes}
    )


def store_attributes(store: Path) -> dict[str, Any]:
    """What was recorded about the store as a whole."""
    attributes: dict[str, Any] = json.loads((store / "zarr.json").read_text())["attributes"]
    return attributes


def update_attributes(store: Path, **attributes: Any) -> None:
    """Record more about the store; a reader sees the old or the new record, never half of one."""
    file = store / "zarr.json"
    content = json.loads(file.read_text())
    content["attributes"].update(attributes)
    partial = file.with_name(".zarr.json.tmp")
    partial.write_text(json.dumps(content, indent=2))
    partial.replace(file)


def write_configuration(
    store: Path, name: str, configuration: Configuration, split: str | None = None
) -> None:
    """Write one configuration; a reader sees all of it or nothing."""
    import zarr

    partial = store / f".partial-{name}"
    shutil.rmtree(partial, ignore_errors=True)
    metadata = {key: getattr(configuration, key) for key in METADATA}
    if configuration.potential is not None:
        metadata["potential"] = configuration.potential.model_dump(mode="json")
    if configuration.relaxation_time is not None:
        metadata["relaxation_time"] = asdict(configuration.relaxation_time)
    group = zarr.create_group(partial, attributes={"split": split, **metadata})
    for field in FIELDS:
        array = getattr(configuration, field)
        if array is not None:
            group.create_array(field, data=np.ascontiguousarray(array))
    for method, array in configuration.predictions.items():
        group.create_array(f"predictions/{method}", data=np.ascontiguousarray(array))
    target = store / name
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)


def configuration_names(store: Path) -> list[str]:
    """Names of the complete configurations in a store, in order."""
    version = json.loads((store / "zarr.json").read_text())["attributes"].get("version")
    if version != VERSION:
        raise InputError(
            "written by another version", source=store, field="version", expected=VERSION,
            found=version,
        )  # fmt: skip
    return sorted(p.name for p in store.iterdir() if p.is_dir() and not p.name.startswith("."))


def read_attribute(store: Path, name: str, key: str) -> Any:
    """Something recorded about a configuration, such as its ``split``, without its arrays."""
    attributes = json.loads((store / name / "zarr.json").read_text())["attributes"]
    return attributes.get(key)


def read_configuration(store: Path, name: str) -> Configuration:
    """Read one configuration, bit for bit as it was written."""
    import zarr

    try:
        group = zarr.open_group(store / name, mode="r")
        arrays = {f: np.asarray(group[f][...]) for f in FIELDS if f in group}  # type: ignore[index]
        predictions = {}
        if "predictions" in group:
            predictions = {k: np.asarray(v[...]) for k, v in group["predictions"].arrays()}  # type: ignore[union-attr]
        metadata = {key: group.attrs.get(key) for key in METADATA}
    except (OSError, KeyError, ValueError, RuntimeError) as error:  # codecs raise the last
        raise InputError(f"damaged: {error}", source=store, field=name) from error
    metadata["periodic"] = tuple(metadata["periodic"])  # type: ignore[arg-type]
    recorded = _simulation(store)
    potential = metadata["potential"] or recorded.get("potential")
    metadata["potential"] = _potential(potential)  # type: ignore[assignment]
    metadata["relaxation_time"] = _relaxation_time(metadata["relaxation_time"], recorded)  # type: ignore[assignment]
    metadata["source"] = metadata["source"] or f"{store}/{name}"
    return Configuration(**arrays, **metadata, predictions=predictions)  # type: ignore[arg-type]


def _simulation(store: Path) -> dict[str, Any]:
    """What the simulation behind a store recorded; the first version wrote it as a text."""
    recorded = store_attributes(store).get("simulation") or {}
    content: dict[str, Any] = json.loads(recorded) if isinstance(recorded, str) else recorded
    return content


def _potential(stored: Any) -> Potential | None:
    """By content, or by the name of one that is built in; another name says nothing."""
    return Potential.model_validate(stored) if isinstance(stored, dict) else POTENTIALS.get(stored)


def _relaxation_time(stored: Any, simulation: dict[str, Any]) -> RelaxationTime | None:
    """As written; stores of format 1 hold a number, by the scattering function of the settings."""
    if stored is None:
        return None
    if isinstance(stored, dict):
        return RelaxationTime(**stored)
    observables = simulation.get("config", {}).get("observables", {})
    return RelaxationTime(stored, scattering_definition(observables.get("wave_number", 7.25)))


def write_store(path: Path, configurations: Iterable[tuple[str, Configuration, str | None]]) -> int:
    """Write (name, configuration, split) to a new store; returns how many."""
    create_store(path)
    count = 0
    for name, configuration, split in configurations:
        write_configuration(path, name, configuration, split)
        count += 1
    return count
