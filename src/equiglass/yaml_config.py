"""YAML files into typed models, with errors that name file, key and value.

A training or simulation configuration may begin from another one (``base``) and may hold small
changes of itself (``variants``); see :func:`load_layered`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from .errors import InputError
from .opening import read_limited
from .yaml_nodes import BoundedLoader, check_nodes

M = TypeVar("M", bound=BaseModel)
Key = tuple[Path, str | None]

# Far more than any configuration; a file from a stranger may not take memory or minutes.
MAX_BYTES = 1_000_000
LARGEST = 2**53  # whole number that is one in every language


class Settings(BaseModel):
    """What is read from YAML or a model: every key is known, every number finite, none changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _number(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
        # What a further block of settings holds, that block checks.
        blocks = any(isinstance(k, type) and issubclass(k, BaseModel) for k in kinds)
        for number in _plain_values(value, mappings=not blocks):
            # To Python and pydantic, true is 1.
            if isinstance(number, bool) and not {Any, bool} & kinds:
                raise ValueError("neither true nor false is a value of this key")
            if isinstance(number, int) and abs(number) > LARGEST:
                raise ValueError(f"must not be larger than {LARGEST}")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types in an annotation, those inside of containers and unions too."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    inner = [_kinds(part) for part in get_args(annotation)]
    return set().union(*inner) if inner else {annotation}


def _plain_values(value: Any, *, mappings: bool) -> Iterator[Any]:
    """A value, or those in its lists and mappings."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _plain_values(part, mappings=mappings)
    elif isinstance(value, dict) and mappings:
        for part in value.values():
            yield from _plain_values(part, mappings=mappings)
    else:
        yield value


def load_yaml(path: str | Path, model: type[M]) -> M:
    """Read a YAML file into a pydantic model.

    Raises
    ------
    InputError
        For a missing file, broken YAML, an unknown or missing key, or a value of the wrong kind.
    """
    return parse_mapping(read_yaml(path), model, source=str(path))


def load_layered(reference: str | Path, model: type[M]) -> M:
    """Read a configuration that may build on others into a pydantic model.

    ``base: NAME or FILE`` names the configuration that a file changes, relative to the file or
    packaged; it may have a base itself. ``variants: {NAME: {...}}`` holds changes of the file,
    chosen by ``FILE:NAME``. What is changed is merged key by key, with two rules: ``null`` takes a
    key of the base away, so that its default holds, and a block that names another ``kind`` than
    the base's takes the place of the whole block.

    Parameters
    ----------
    reference
        A YAML file or the name of a packaged example, with ``:VARIANT`` or without.

    Raises
    ------
    InputError
        As :func:`load_yaml`, and for a base or variant that does not exist, or a base that is
        reached again from itself.
    """
    content, file = _layers(str(reference), Path(), ())
    return parse_mapping(content, model, source=str(file))


def packaged_examples() -> list[str]:
    """Names of the configurations that come with the package, their variants among them."""
    names = []
    for file in sorted(_examples().glob("*.yaml")):
        names.append(file.stem)
        names += [f"{file.stem}:{variant}" for variant in read_yaml(file).get("variants", {})]
    return names


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file, as plain Python.

    Raises
    ------
    InputError
        For a missing file, one that is too large, broken YAML, a key that stands twice, or
        aliases that expand to more than a configuration can be.
    """
    file = Path(path)
    if not os.path.lexists(file):
        raise InputError("no such configuration file", source=file)
    content = read_limited(file, MAX_BYTES, "a configuration")
    try:
        loader = BoundedLoader(content.decode())
        node = loader.get_single_node()
        if node is None:
            return None
        check_nodes(node, str(file))
        return loader.construct_document(node)
    except RecursionError as error:
        raise InputError("nested too deeply", source=file) from error
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # One line, though the parser points at the place in several.
        raise InputError(f"not valid YAML: {' '.join(str(error).split())}", source=file) from error


def parse_mapping(content: Any, model: type[M], source: str) -> M:
    """Validate plain dictionaries as a pydantic model; see :func:`load_yaml`."""
    if not isinstance(content, dict):
        raise InputError("must be a mapping of keys", source=source, found=type(content).__name__)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first, *others = [(_keys(e, content), e) for e in error.errors()]
        # Of alternatives, the one that got furthest.
        same = [pair for pair in others if pair[0][: len(first[0])] == first[0]]
        keys, found = max([first, *same], key=lambda pair: len(pair[0]))
        kinds = {"extra_forbidden": "unknown key", "missing": "missing key"}
        raise InputError(
            kinds.get(found["type"], found["msg"].removeprefix("Value error, ")),
            source=source,
            field=".".join(keys) or None,
            found=None if found["type"] == "missing" else repr(found["input"])[:80],
        ) from error


def merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A copy of ``base`` with the keys of ``change``; see :func:`load_layered` for its rules."""
    result = dict(base)
    for key, value in change.items():
        before = base.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            keep = before if isinstance(before, dict) else {}
            another = "kind" in value and value["kind"] != keep.get("kind")
            result[key] = merged({} if another else keep, value)
        else:
            result[key] = value
    return result


def _examples() -> Path:
    return Path(str(files("equiglass") / "packaged" / "examples"))


def _layers(reference: str, folder: Path, above: tuple[Key, ...]) -> tuple[dict[str, Any], Path]:
    """The merged content that ``reference`` stands for, and its file."""
    file, variant = _located(reference, folder)
    key = (file.resolve(), variant)
    if key in above:
        raise InputError("is its own base", source=file, field="base", found=reference)
    content = read_yaml(file)
    if not isinstance(content, dict):
        raise InputError("must be a mapping of keys", source=file, found=type(content).__name__)
    base, variants = content.pop("base", None), content.pop("variants", None) or {}
    if not isinstance(variants, dict) or not all(isinstance(v, dict) for v in variants.values()):
        raise InputError("must be a mapping of names to changes", source=file, field="variants")
    if base is not None:
        if not isinstance(base, str):
            raise InputError("must be a name or a file", source=file, field="base", found=base)
        content = merged(_layers(base, file.parent, (*above, key))[0], content)
    if variant is not None:
        if variant not in variants:
            raise InputError(
                "no such variant", source=file, expected=sorted(variants), found=variant
            )
        content = merged(content, variants[variant])
    return content, file


def _located(reference: str, folder: Path) -> tuple[Path, str | None]:
    """File and variant of a reference, relative to a folder or packaged."""
    name, colon, variant = reference.rpartition(":")
    choices: list[tuple[str, str | None]] = [(reference, None)]
    if colon:
        choices.append((name, variant))
    for path, chosen in choices:
        for file in (folder / path, _examples() / f"{path}.yaml"):
            if file.is_file():
                return file, chosen
    raise InputError(
        "no such configuration file",
        source=reference,
        expected=f"a YAML file or one of {packaged_examples()}",
    )


def _keys(error: ErrorDetails, content: Any) -> list[str]:
    """The part of an error's location that the user wrote: without the names of alternatives."""
    keys = []
    for part in error["loc"]:
        if isinstance(content, list):
            known = isinstance(part, int) and 0 <= part < len(content)
        else:
            known = isinstance(content, dict) and part in content
        if known:
            content = content[part]
            keys.append(str(part))
    return [*keys, str(error["loc"][-1])] if error["type"] == "missing" else keys
