"""What a stored model reads, from the header of its file: neither weights nor PyTorch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from pydantic import ValidationError

from ..data.potential import Potential
from ..errors import InputError
from ..opening import regular_size
from .card import ModelCard
from .finding import FORMAT, find_model
from .input_spec import InputSpec
from .upgrade import upgraded


@dataclass(frozen=True)
class Header:
    """As much of a model as tells what has to be made for it."""

    card: ModelCard
    required_fields: tuple[str, ...]

    @property
    def potential(self) -> Potential | None:
        """The potential of its training data, where the card records it."""
        return self.card.potential


def header_of(model: str | os.PathLike[str]) -> Header | None:
    """That of a stored network on a graph; None for what is none, or is not read this way.

    Nothing is checked that loading the model checks.

    Raises
    ------
    InputError
        If there is no such model.
    """
    from safetensors import SafetensorError, safe_open

    path = find_model(model)
    regular_size(path)
    try:
        with safe_open(path, framework="numpy") as archive:
            text = (archive.metadata() or {}).get(FORMAT, "")
        description = upgraded(json.loads(text), str(path))
        inputs = InputSpec.model_validate(description["config"]["inputs"])
        card = ModelCard(str(description["name"]), preparation=description["preparation"])
        return Header(card, inputs.required_fields) if card.potential else None
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, RecursionError,
            ValidationError, InputError):  # fmt: skip
        return None
