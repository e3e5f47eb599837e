"""Everything about a stored model but its weights: one JSON object, checked when it is read."""

from __future__ import annotations

import json
import math
import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator
from safetensors.torch import save_file

from ..data.configuration import TYPE_NAMES
from ..data.potential import Potential
from ..errors import InputError
from ..simulation.target import TargetName
from ..written import make_folder, whole, write_text
from ..yaml_config import Settings, parse_mapping
from .by_temperature import TimeGrid, calibrated_at
from .calibration import Calibration
from .card import ModelCard
from .displacements import StateDisplacements
from .domain import Domain
from .finding import FORMAT as FORMAT
from .finding import WEIGHTS as WEIGHTS
from .registry import NetworkConfig
from .upgrade import VERSION, upgraded

if TYPE_CHECKING:
    from .propensity import PropensityModel

DESCRIPTION = "model.json"


class Description(Settings):
    """The description in the present version of the format.

    A change of its keys, or of those of :class:`~equiglass.models.domain.Domain`, needs a new
    version and a step in :mod:`equiglass.models.upgrade`.
    """

    format: Literal["equiglass-model"] = FORMAT
    version: int = VERSION
    config: NetworkConfig
    types: tuple[str, ...] = Field(min_length=1, max_length=len(TYPE_NAMES))
    times: tuple[float, ...] = Field(min_length=1, max_length=10_000)
    members: int = Field(ge=1, le=10_000)
    parameters: int
    name: str
    data: str
    metrics: dict[str, Any]
    notes: dict[str, Any]
    preparation: dict[str, Any] | None
    domain: Domain | None
    calibration: Calibration | None
    grid: TimeGrid | None
    target: TargetName
    displacements: tuple[StateDisplacements, ...] = Field(max_length=1000)

    @field_validator("types")
    @classmethod
    def _letters(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if types != tuple(TYPE_NAMES[: len(types)]):
            raise ValueError("types are named A, B, ... in order")
        return types

    @field_validator("times")
    @classmethod
    def _times(cls, times: tuple[float, ...]) -> tuple[float, ...]:
        if not all(math.isfinite(t) and t > 0 for t in times):
            raise ValueError("times are positive numbers")
        if any(b <= a for a, b in pairwise(times)):
            raise ValueError("times increase")
        return times

    @field_validator("preparation")
    @classmethod
    def _potential(cls, preparation: dict[str, Any] | None) -> dict[str, Any] | None:
        if preparation and preparation.get("potential") is not None:
            Potential.model_validate(preparation["potential"])
        return preparation

    @model_validator(mode="after")
    def _columns(self) -> Description:
        if self.grid is not None and self.grid.names != self.times:
            raise ValueError("times are those of the coldest temperature of the grid")
        return self

    @property
    def card(self) -> ModelCard:
        """The part that is not about the networks."""
        return ModelCard(
            self.name,
            self.data,
            self.metrics,
            self.notes,
            self.preparation,
            self.domain,
            self.calibration,
            self.target,
            self.displacements,
        )


def describe(model: PropensityModel) -> dict[str, Any]:
    """The description of a model, as it is stored in JSON."""
    card = model.card
    return Description(
        config=model.config,
        types=tuple(TYPE_NAMES[: model.n_types]),
        times=model.times,
        members=len(model.members),
        parameters=model.n_parameters,
        name=card.name,
        data=card.data,
        metrics=card.metrics,
        notes=card.notes,
        preparation=card.preparation,
        domain=card.domain,
        calibration=card.calibration,
        grid=model.grid,
        target=card.target,
        displacements=card.displacements,
    ).model_dump(mode="json")


def read_description(header: str, source: str) -> Description:
    """The description from the header of a weight file, of any version up to the present.

    Raises
    ------
    InputError
        If it is damaged, or of a newer version.
    """
    try:
        content = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise InputError(f"damaged description of a model: {error}", source=source) from error
    return parse_mapping(upgraded(content, source), Description, source=source)


def store(model: PropensityModel, folder: str | os.PathLike[str]) -> Path:
    """Write weights (safetensors, with the description inside) and a readable JSON copy.

    A model at one of several temperatures is stored whole, with its calibration at that one.

    Raises
    ------
    InputError
        If it was calibrated between the temperatures that have times of their own.
    """
    if model.undivided is not None:
        model = calibrated_at(model)
    target = Path(folder)
    make_folder(target)
    description = describe(model)
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    # The copy first: where the weights are, all of the model is.
    write_text(target / DESCRIPTION, json.dumps(description, indent=2) + "\n")
    with whole(target / WEIGHTS) as partial:
        save_file(state, partial, metadata={FORMAT: json.dumps(description)})
    return target / WEIGHTS
