"""What ``equiglass train`` is told: one YAML file, every key documented here once."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ..data.accuracy import Accuracy, accuracy_of
from ..data.examples import DIRECTIONS, Direction
from ..data.potential import Potential, load_potential
from ..errors import AssumptionWarning, InputError
from ..memory import GB, parse_memory
from ..models.by_temperature import TimeGrid
from ..models.registry import KINDS, NetworkConfig
from ..models.se3 import SE3Config
from ..simulation.target import TargetName
from ..yaml_config import Settings, load_layered

# More has no meaning in single precision.
LARGE = 1e12
NO_WEIGHT = (
    "data.reversed_weight is no setting any more and is ignored: weights follow from the noise of "
    "the labels (weights.json of the run); take the line away"
)


def _gigabytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_memory(value) / GB
    except InputError as error:
        raise ValueError("an amount of memory was expected, such as 8GB") from error


class TimesConfig(Settings):
    """Lags of a trajectory in units of its relaxation time."""

    tau_alpha: tuple[float, float] = Field(
        (0.01, 1.0), description="shortest and longest lag, in units of τ_α"
    )
    number: int = Field(
        10, ge=1, le=1000, description="how many, evenly in log t; each is the nearest lag that "
        "the frames have",
    )  # fmt: skip

    @model_validator(mode="after")
    def _increasing(self) -> TimesConfig:
        low, high = self.tau_alpha
        if not 0 < low <= high < float("inf"):
            raise ValueError("must be two positive numbers, the smaller one first")
        return self


class TrajectoryConfig(Settings):
    """One trajectory; what it leaves out is that of ``data``."""

    file: str = Field(description="LAMMPS dump, GSD, extended xyz or what else holds frames")
    timestep: float | None = Field(None, gt=0, description="as `data.timestep`")
    species: tuple[str, ...] | None = Field(None, description="as `data.species`")
    temperature: float | None = Field(None, gt=0, description="as `data.temperature`")
    tau_alpha: float | None = Field(None, gt=0, description="as `data.tau_alpha`")
    split: Literal["train", "validation", "test"] | None = Field(
        None, description="what the whole trajectory is for; if one says so, none is cut"
    )


def _trajectories(value: Any) -> Any:
    """One file, or several, by name or with settings of their own."""
    if value is None:
        return ()
    members = value if isinstance(value, (list, tuple)) else [value]
    return tuple({"file": m} if isinstance(m, str) else m for m in members)


class DataConfig(Settings):
    """Which configurations are learned from: a data set, trajectories, or both together."""

    path: str | None = Field(None, description="data set: path or packaged name")
    target: TargetName = Field(
        "displacement",
        description="what is learned: `displacement`, the propensity, or `bonds`, the share of its "
        "first neighbours that a particle keeps",
    )
    splits: dict[Literal["train", "validation", "test"], tuple[str, ...]] | None = Field(
        None,
        description="of the data set, what is for what: for each split patterns of names with "
        "their store or folder, such as `few.zarr/*-train-00[4-7]`; what none names is left out; "
        "null: as the data set says",
    )
    trajectory: Annotated[tuple[TrajectoryConfig, ...], BeforeValidator(_trajectories)] = Field(
        (),
        description="a trajectory whose frames are learned from, or a list; each a file, or a "
        "mapping with the keys of `data.trajectory[]`",
    )
    times: TimesConfig | tuple[float, ...] = Field(
        TimesConfig(),
        description="lags of the labels from trajectories: a list in τ_LJ, or a mapping with the "
        "keys of `data.times`",
    )
    times_at: dict[Annotated[float, Field(gt=0)], tuple[float, ...]] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="for each temperature of the data the times that are learned, τ_LJ, as many "
        "at every one: those at the same place share a decoder, and the model predicts, at a "
        "temperature, its times there; null: every time of the data for itself",
    )
    stride: int = Field(1, ge=1, description="every so many frames of a trajectory one is a start")
    directions: tuple[Direction, ...] = Field(
        DIRECTIONS,
        min_length=1,
        description="labels from the run after a frame, before it, or both",
    )
    timestep: float | None = Field(
        None, gt=0, description="of the integration, τ_LJ, where trajectories state steps"
    )
    species: tuple[str, ...] | None = Field(
        None, description="species of trajectories in the order A, B, ..., where they have names"
    )
    temperature: float | None = Field(
        None, gt=0, description="of trajectories that do not state theirs"
    )
    tau_alpha: float | None = Field(
        None, gt=0, description="relaxation time of trajectories, τ_LJ; null: measured on each, "
        "where F_s(7.25) of type A is 1/e",
    )  # fmt: skip
    gap: float = Field(
        5.0,
        ge=0,
        description="time between the stretches of a trajectory that are for training, validation "
        "and test, in τ_α",
    )
    validation_fraction: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="share of configurations, and of the time of each trajectory, held out to "
        "choose the best epoch, where the data set has no validation split; 0 keeps the last epoch "
        "instead",
    )
    test_fraction: float = Field(
        0.0, ge=0, lt=1, description="share of the time of each trajectory left for tests"
    )
    reversed_per_configuration: int = Field(
        0,
        ge=0,
        description="time-reversed trajectories shown per epoch and configuration that has the end "
        "positions of trajectories; one at least must",
    )
    memory: Annotated[float, BeforeValidator(_gigabytes)] = Field(
        4.0,
        gt=0,
        description="configurations and samples kept in memory, GB or as `8GB`; what is more is "
        "made again ahead of each step, with the same result",
    )

    @model_validator(mode="before")
    @classmethod
    def _without_weight(cls, value: Any) -> Any:
        # Of versions that weighted by hand; it had no effect where nothing was reversed.
        if isinstance(value, dict) and "reversed_weight" in value:
            if value.get("reversed_per_configuration"):
                warnings.warn(NO_WEIGHT, AssumptionWarning, stacklevel=2)
            return {k: v for k, v in value.items() if k != "reversed_weight"}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> DataConfig:
        if self.path is None and not self.trajectory:
            raise ValueError("needs a path, a trajectory, or both")
        if self.splits is not None and self.path is None:
            raise ValueError("splits are of a data set: needs a path")
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction and test_fraction leave nothing for training")
        return self

    @field_validator("times_at")
    @classmethod
    def _grid(
        cls, times: dict[float, tuple[float, ...]] | None
    ) -> dict[float, tuple[float, ...]] | None:
        if times is not None:
            TimeGrid.of(times)
        return times

    @field_validator("times")
    @classmethod
    def _lags(cls, times: TimesConfig | tuple[float, ...]) -> TimesConfig | tuple[float, ...]:
        if isinstance(times, tuple) and not (
            times and times[0] > 0 and all(a < b for a, b in pairwise(times))
        ):
            raise ValueError("must be one or more positive numbers that increase")
        return times

    @property
    def grid(self) -> TimeGrid | None:
        """The times of each temperature, where these are given."""
        return None if self.times_at is None else TimeGrid.of(self.times_at)

    @property
    def source(self) -> str:
        """What the data are, for messages and the model's card."""
        names = [self.path] if self.path is not None else []
        return ", ".join([*names, *(t.file for t in self.trajectory)])


class OptimizerConfig(Settings):
    """AdamW with a one-cycle learning rate."""

    epochs: int = Field(40, ge=1, le=10**9, description="passes over the training configurations")
    batch_size: int = Field(
        1, ge=1, le=10**6, description="configurations per step, of each process"
    )
    learning_rate: float = Field(1e-2, gt=0, le=LARGE, description="peak of the one-cycle schedule")
    warmup: float = Field(0.15, gt=0, lt=1, description="share of the steps before the peak")
    weight_decay: float = Field(1e-2, ge=0, le=LARGE, description="decoupled weight decay")
    gradient_clip: float = Field(1.0, gt=0, le=LARGE, description="largest norm of the gradient")
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay of a moving average of the weights, of which a step leaves that share; "
        "the average is validated and kept; 0: the weights themselves",
    )
    patience: int | None = Field(
        None, ge=1, description="epochs without better validation before stopping; null: never"
    )


def _by_content(value: Any) -> Any:
    """A potential that was named, or lies in a file, as what it is."""
    return load_potential(value) if isinstance(value, str) else value


def _by_name(value: Any) -> Any:
    """An accuracy that was named, as what it is."""
    return accuracy_of(value) if isinstance(value, str) else value


class PreparationConfig(Settings):
    """How what the data lack is made."""

    potential: Annotated[Potential | None, BeforeValidator(_by_content)] = Field(
        None,
        description="potential under which inherent structures and energies are made: a name, a "
        "YAML file, or its content; null: that of the data",
    )
    accuracy: Annotated[Accuracy | None, BeforeValidator(_by_name)] = Field(
        None,
        description="of the quenches: `reference`, `prediction`, `coarse`, or its content; null: "
        "that of the data, else `reference`",
    )


class TrainConfig(Settings):
    """A training run."""

    data: DataConfig
    model: NetworkConfig = Field(
        default_factory=SE3Config,
        description=f"a network, by its `kind`: {KINDS}",
    )
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)
    preparation: PreparationConfig = Field(default_factory=PreparationConfig)
    precision: Literal["float32", "float64", "tf32", "bfloat16"] = Field(
        "float32",
        description="of all arithmetic; on a GPU also tf32 (matrix products in TensorFloat-32) and "
        "bfloat16 (mixed: products in bfloat16; weights, sums and statistics in float32)",
    )
    seed: int = Field(0, ge=0, description="initial weights, splits and order of configurations")


def load_config(path: str | Path) -> TrainConfig:
    """A training configuration from YAML, or a packaged one by its name.

    Parameters
    ----------
    path
        See :func:`equiglass.yaml_config.load_layered`.

    Raises
    ------
    InputError
        For a missing file, a key that is not known, or a value of the wrong kind.
    """
    return load_layered(path, TrainConfig)
