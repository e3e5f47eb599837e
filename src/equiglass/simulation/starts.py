"""The configurations that a simulation starts from in place of equilibrating its own."""

from __future__ import annotations

from ..data.configuration import Configuration
from ..data.dataset import read
from ..data.entry import Entry
from ..errors import InputError
from .config import SimulationConfig
from .seeds import Identity


def check_starts(config: SimulationConfig) -> None:
    """Check that the configurations given are enough, and of the system that is asked for.

    Raises
    ------
    InputError
        If not, or if one does not state its temperature and there are several.
    """
    if config.start_from is None:
        return
    for point in config.state_points:
        assert point.n_configurations is not None
        wanted = sum(point.n_configurations.values())
        wanted += point.chains.n_chains if point.chains else 0
        there = starts_at(config, point.temperature)
        _require(config, point.temperature, wanted, len(there))
        for entry in there[:wanted]:
            _require_system(config, entry.load())


def starts_at(config: SimulationConfig, temperature: float) -> list[Entry]:
    """Those of a temperature, in their order; where there is one only, also what states none."""
    assert config.start_from is not None
    data = read(config.start_from)
    stated = [
        e.load().temperature if e.temperature is None else e.temperature for e in data.entries
    ]
    if None in stated and len(config.state_points) > 1:
        raise InputError(
            "configurations to start from must state their temperature where there are several",
            source=config.start_from, field="temperature",
        )  # fmt: skip
    return [e for e, own in zip(data.entries, stated, strict=True) if own in (None, temperature)]


def given_start(config: SimulationConfig, identity: Identity) -> Configuration:
    """Configuration ``number`` of this temperature, counted through the splits, then the chains."""
    point = next(p for p in config.state_points if p.temperature == identity.temperature)
    assert point.n_configurations is not None
    position = identity.number
    for split, count in point.n_configurations.items():
        if split == identity.split and not identity.is_chain:
            break
        position += count
    there = starts_at(config, identity.temperature)
    _require(config, identity.temperature, position + 1, len(there))
    start = there[position].load()
    _require_system(config, start)
    return start


def _require(config: SimulationConfig, temperature: float, wanted: int, found: int) -> None:
    """As many as are wanted."""
    if found < wanted:
        raise InputError(
            f"too few configurations to start from at T = {temperature:g}",
            source=config.start_from, field="n_configurations",
            expected=f"at most {found}", found=wanted,
        )  # fmt: skip


def _require_system(config: SimulationConfig, start: Configuration) -> None:
    """As many dimensions and particles."""
    for name, found in (("dimensions", start.dimensions), ("n_particles", len(start))):
        if found != getattr(config, name):
            raise InputError(
                "the configuration to start from is of another system", source=start.source,
                field=name, expected=getattr(config, name), found=found,
            )  # fmt: skip
