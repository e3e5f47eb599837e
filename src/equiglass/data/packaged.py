"""Data sets that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from .archive import ZIP_ENDING


def _folder() -> Path:
    return Path(str(files("equiglass") / "packaged" / "data"))


def packaged_names() -> list[str]:
    """Names of the packaged data sets."""
    return sorted(p.name.removesuffix(ZIP_ENDING) for p in _folder().glob(f"*{ZIP_ENDING}"))


def packaged_dataset(name: str) -> Path | None:
    """Path of a packaged data set, or None if there is none of this name."""
    return _folder() / f"{name}{ZIP_ENDING}" if name in packaged_names() else None
