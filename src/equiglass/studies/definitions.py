"""The studies: which variants each of them compares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..data.dataset import read
from ..errors import InputError
from ..models.inputs import InputSpec
from ..models.se3 import SE3Config
from ..training.config import TrainConfig
from .grid import Variant
from .tasks import train_and_score, train_at_temperatures, transfer_and_score

Planner = Callable[[TrainConfig, Path, bool, Path | None], list[list[Variant]]]


def _with_model(config: TrainConfig, **changes: object) -> TrainConfig:
    if not isinstance(config.model, SE3Config):
        raise InputError("studies vary the equivariant network", field="model.kind", expected="se3")
    model = SE3Config.model_validate({**config.model.model_dump(), **changes})
    return config.model_copy(update={"model": model})


def _plain(name: str, config: TrainConfig, cache: Path | None) -> Variant:
    return Variant(name, train_and_score, (name, config, cache))


def _splits(config: TrainConfig) -> None:
    found = read(config.data.path).splits
    for split in ("train", "validation", "test"):
        if split not in found:
            raise InputError(
                "a study needs data with the splits train, validation and test",
                source=config.data.path,
                field=split,
                found=sorted(found),
            )


def inputs(
    config: TrainConfig, folder: Path, quick: bool, cache: Path | None
) -> list[list[Variant]]:
    """Thermal, inherent and cage positions, alone and together, with and without energies."""
    _splits(config)
    first = read(config.data.path)[0]
    specs: dict[str, InputSpec] = {}

    def add(
        name: str, graph: str, energies: tuple[str, ...], displacements: tuple[str, ...]
    ) -> None:
        specs[name] = InputSpec.model_validate(
            {"graph": graph, "energies": energies, "displacements": displacements}
        )

    add("thermal", "thermal", (), ())
    add("inherent", "inherent", (), ())
    add("thermal+inherent+energies", "inherent", ("thermal", "inherent"), ("inherent",))
    if not quick:
        add("thermal+energy", "thermal", ("thermal",), ())
        add("inherent+energy", "inherent", ("inherent",), ())
        add("thermal+inherent", "inherent", (), ("inherent",))
        if first.cage_positions is not None:
            add("cage", "cage", (), ())
            add("thermal+cage", "cage", (), ("cage",))
            add("everything", "inherent", ("thermal", "inherent"), ("inherent", "cage"))
            # The same, but edges between thermal positions: what short times depend on.
            add(
                "everything,thermal-graph", "thermal", ("thermal", "inherent"), ("inherent", "cage")
            )
    return [
        [_plain(n, _with_model(config, inputs=s.model_dump()), cache) for n, s in specs.items()]
    ]


def depth(
    config: TrainConfig, folder: Path, quick: bool, cache: Path | None
) -> list[list[Variant]]:
    """One to eight layers."""
    _splits(config)
    layers = (1, 2) if quick else (1, 2, 3, 4, 6, 8)
    return [[_plain(f"layers={n}", _with_model(config, layers=n), cache) for n in layers]]


def size(config: TrainConfig, folder: Path, quick: bool, cache: Path | None) -> list[list[Variant]]:
    """Largest degree and channels; l_max = 0 is the price of scalar features."""
    _splits(config)
    degrees = (0, 1) if quick else (0, 1, 2, 3)
    channels = (4,) if quick else (4, 8, 16)
    return [
        [
            _plain(f"l_max={l},channels={c}", _with_model(config, l_max=l, channels=c), cache)
            for l in degrees
            for c in channels
        ]
    ]


def _temperatures(config: TrainConfig) -> list[float]:
    temperatures = read(config.data.path).temperatures()
    if len(temperatures) < 2:
        raise InputError(
            "the study needs several temperatures", source=config.data.path, found=temperatures
        )
    return temperatures


def temperature(
    config: TrainConfig, folder: Path, quick: bool, cache: Path | None
) -> list[list[Variant]]:
    """Train at each temperature, at all but one, and at all; test at every one."""
    temperatures = _temperatures(config)
    groups = {f"T={t:g}": [t] for t in temperatures}
    if not quick:
        inner = temperatures[1:-1]
        groups |= {f"without T={t:g}": [u for u in temperatures if u != t] for t in inner}
        groups["all T"] = temperatures
    return [
        [
            Variant(name, train_at_temperatures, (name, config, group, temperatures, cache))
            for name, group in groups.items()
        ]
    ]


def transfer(
    config: TrainConfig, folder: Path, quick: bool, cache: Path | None
) -> list[list[Variant]]:
    """From the warmest temperature to the next colder ones, with few target configurations."""
    temperatures = _temperatures(config)
    source = temperatures[-1]
    name = f"source T={source:g}"
    first = [Variant(name, train_at_temperatures, (name, config, [source], [source], cache))]
    training = read(config.data.path).split("train")
    second = []
    for target in temperatures[:-1][::-1]:
        available = sum(c.temperature == target for c in training)
        for n in (1,) if quick else (1, 2, 4, 5, 10):
            if n > available:
                continue
            for method in ("frozen", "scratch", "fine-tuned"):
                label = f"T={target:g},n={n},{method}"
                arguments = (label, config, folder / name / "run", target, n, method, cache)
                second.append(Variant(label, transfer_and_score, arguments))
    return [first, second]


STUDIES: dict[str, Planner] = {
    "inputs": inputs,
    "depth": depth,
    "size": size,
    "temperature": temperature,
    "transfer": transfer,
}
