"""Where the file of a stored model is, by its name."""

from __future__ import annotations

import math
import os
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ..errors import InputError

FORMAT: Literal["equiglass-model"] = "equiglass-model"
WEIGHTS = "model.safetensors"


def packaged_models() -> list[str]:
    """Names of the models that come with the package."""
    folder = Path(str(files("equiglass") / "packaged" / "models"))
    return sorted(p.parent.name for p in folder.glob(f"*/{WEIGHTS}"))


def find_model(model: str | os.PathLike[str]) -> Path:
    """Weight file of a run folder, of a file, or of a packaged model's name.

    A temperature behind it (``ka3d@0.5``) is left out, unless a file has such a name.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(model)
    name, temperature = divided(model)
    if temperature is not None:
        return find_model(name)
    if path.is_file():
        return path
    for candidate in (
        path / WEIGHTS,
        path / "model" / WEIGHTS,
        Path(str(files("equiglass") / "packaged" / "models")) / str(model) / WEIGHTS,
    ):
        if candidate.is_file():
            return candidate
    raise InputError(
        "no such model",
        source=model,
        expected=f"a run folder, a .safetensors file or one of {packaged_models()}",
    )


def divided(model: str | os.PathLike[str]) -> tuple[str, float | None]:
    """A model's name and the temperature behind it, as in ``ka3d@0.5``; None where there is none.

    Raises
    ------
    InputError
        If what stands there is no temperature.
    """
    text = os.fspath(model)
    name, mark, behind = text.rpartition("@")
    # Of folders with such a mark in their names, what stands behind it is no temperature.
    if not mark or len(Path(behind).parts) > 1 or Path(text).exists():
        return text, None
    try:
        temperature = float(behind)
    except ValueError:
        temperature = math.nan
    if not 0 < temperature < math.inf:
        raise InputError(
            "not a temperature", source=text, field="@", expected="such as ka3d@0.5", found=behind
        )
    return name, temperature
