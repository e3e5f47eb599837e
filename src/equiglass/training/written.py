"""Small files of a run folder: whole or not there, and read with errors that name them."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..opening import read_limited

MAX_BYTES = 1 << 26


def write_text(file: Path, text: str) -> None:
    """Write a file at once: who reads it, also after a crash, finds the old text or the new."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def write_json(file: Path, content: Any) -> None:
    """Write JSON at once; numbers that are not finite, which JSON does not have, become null."""
    write_text(file, json.dumps(_finite(content), indent=2, allow_nan=False) + "\n")


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises
    ------
    InputError
        If the file cannot be read, is cut off, or holds something else.
    """
    try:
        content = json.loads(read_limited(file, MAX_BYTES, "a record").decode())
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"damaged: {' '.join(str(error).split())}", source=file) from error
    if not isinstance(content, dict):
        raise InputError("damaged: no JSON object", source=file, found=type(content).__name__)
    return content


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
