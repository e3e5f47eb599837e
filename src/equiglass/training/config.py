"""What ``equiglass train`` is told: one YAML file, every key documented here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..data.accuracy import Accuracy, accuracy_of
from ..data.potential import Potential, load_potential
from ..models.registry import KINDS, NetworkConfig
from ..models.se3 import SE3Config
from ..yaml_config import load_layered


class DataConfig(BaseModel):
    """Which configurations are learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="data set: path or packaged name")
    validation_fraction: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="share of configurations held out to choose the best epoch, where the data "
        "set has no validation split; 0 keeps the last epoch instead",
    )
    reversed_per_configuration: int = Field(
        0,
        ge=0,
        description="time-reversed trajectories shown per configuration and epoch; needs the end "
        "positions of trajectories",
    )
    reversed_weight: float = Field(
        0.3, gt=0, description="weight of a reversed trajectory's loss, whose label is noisy"
    )


class OptimizerConfig(BaseModel):
    """AdamW with a one-cycle learning rate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(40, ge=1, description="passes over the training configurations")
    batch_size: int = Field(1, ge=1, description="configurations per step, of each process")
    learning_rate: float = Field(1e-2, gt=0, description="peak of the one-cycle schedule")
    warmup: float = Field(0.15, gt=0, lt=1, description="share of the steps before the peak")
    weight_decay: float = Field(1e-2, ge=0, description="decoupled weight decay")
    gradient_clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    patience: int | None = Field(
        None, ge=1, description="epochs without better validation before stopping; null: never"
    )


def _by_content(value: Any) -> Any:
    """A potential that was named, or lies in a file, as what it is."""
    return load_potential(value) if isinstance(value, str) else value


def _by_name(value: Any) -> Any:
    """An accuracy that was named, as what it is."""
    return accuracy_of(value) if isinstance(value, str) else value


class PreparationConfig(BaseModel):
    """How what the data lack is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    potential: Annotated[Potential | None, BeforeValidator(_by_content)] = Field(
        None,
        description="potential under which inherent structures and energies are made: a name, a "
        "YAML file, or its content; null: that of the data",
    )
    accuracy: Annotated[Accuracy | None, BeforeValidator(_by_name)] = Field(
        None,
        description="of the quenches: `reference`, `prediction`, or its content; null: that of the "
        "data, else `reference`",
    )


class TrainConfig(BaseModel):
    """A training run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
