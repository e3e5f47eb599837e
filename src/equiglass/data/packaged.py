"""Data sets that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def packaged_names() -> list[str]:
    """Names of the packaged data sets."""
    folder = Path(str(files("equiglass") / "packaged" / "data"))
    return sorted(p.name.removesuffix(".zarr") for p in folder.glob("*.zarr"))


def packaged_dataset(name: str) -> Path | None:
    """Path of a packaged data set, or None if there is none of this name."""
    path = Path(str(files("equiglass") / "packaged" / "data" / f"{name}.zarr"))
    return path if path.is_dir() else None
