"""YAML files into typed models, with errors that name file, key and value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from .errors import InputError

M = TypeVar("M", bound=BaseModel)


def load_yaml(path: str | Path, model: type[M]) -> M:
    """Read a YAML file into a pydantic model.

    Raises
    ------
    InputError
        For a missing file, broken YAML, an unknown or missing key, or a value of the wrong kind.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no such configuration file", source=file)
    try:
        content = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {error}", source=file) from error
    return parse_mapping(content, model, source=str(file))


def parse_mapping(content: Any, model: type[M], source: str) -> M:
    """Validate plain dictionaries as a pydantic model; see :func:`load_yaml`."""
    if not isinstance(content, dict):
        raise InputError("must be a mapping of keys", source=source, found=type(content).__name__)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        kinds = {"extra_forbidden": "unknown key", "missing": "missing key"}
        raise InputError(
            kinds.get(first["type"], first["msg"]),
            source=source,
            field=".".join(_keys(first["loc"], content)) or None,
            found=None if first["type"] == "missing" else repr(first["input"])[:80],
        ) from error


def _keys(location: tuple[int | str, ...], content: Any) -> list[str]:
    """The part of an error's location that the user wrote: without the names of alternatives."""
    keys = []
    for k, part in enumerate(location):
        known = isinstance(content, dict) and part in content
        known = known or (isinstance(content, list) and isinstance(part, int))
        if known:
            content = content[part]
        elif k + 1 < len(location):
            continue
        keys.append(str(part))
    return keys
