"""What is recorded about a store and each of its configurations, sealed by a checksum."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import InputError
from .accuracy import Accuracy
from .potential import Potential

SEAL = "checksum"
ARRAYS = "arrays"
# What every store has; the rest of its record says what it is of.
OWN = ("format", "version", "units", SEAL)


class _Relaxation(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    value: float
    definition: str


class Record(BaseModel):
    """A configuration's record in the present version: nothing missing, nothing unknown."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    split: str | None
    temperature: float | None
    index: int | None
    source: str
    periodic: tuple[bool, bool, bool]
    n_trajectories: int | None
    relaxation_time: _Relaxation | None
    potential: Potential | None
    # Of the quench, where it is known; stores of before accuracies had names do not say.
    accuracy: Accuracy | None = None
    # Of each array a digest; stores of before checksums have none.
    arrays: dict[str, str] | None = None


METADATA = tuple(name for name in Record.model_fields if name not in ("split", ARRAYS))


def check_record(record: dict[str, Any], source: object, name: str) -> Record:
    """A configuration's record, checked.

    Raises
    ------
    InputError
        If something is missing, unknown or of another type.
    """
    try:
        # As JSON, because lists stand for tuples in it.
        return Record.model_validate_json(json.dumps(record), strict=True)
    except (ValidationError, ValueError, RecursionError) as error:
        problem = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            problem = f"{where}: {first['msg']}".lower()
        raise InputError(
            f"damaged: its record is not one ({problem})", source=str(source), field=name
        ) from error


def sealed(attributes: dict[str, Any]) -> dict[str, Any]:
    """A record as it will be read back, with its checksum."""
    content = json.loads(json.dumps(attributes, default=_plain))
    content.pop(SEAL, None)
    return {**content, SEAL: _digest(json.dumps(content, sort_keys=True).encode())}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot be recorded: {type(value).__name__}")


def unsealed(attributes: dict[str, Any]) -> dict[str, Any]:
    """A record without its checksum; records of before checksums are taken as they are.

    Raises
    ------
    ValueError
        If the checksum is that of another record.
    """
    if SEAL in attributes and sealed(attributes)[SEAL] != attributes[SEAL]:
        raise ValueError("the record does not fit its checksum")
    return {key: value for key, value in attributes.items() if key != SEAL}


def array_digest(array: NDArray[Any]) -> str:
    """A checksum over type, shape and content."""
    whole = np.ascontiguousarray(array)
    return _digest(f"{whole.dtype.str} {whole.shape}".encode(), whole.data.cast("B"))


def _digest(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
