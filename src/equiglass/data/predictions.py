"""Predicted propensities as files that OVITO, ASE and NumPy read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .atoms import to_ase
from .configuration import Configuration

ENDINGS = (".extxyz", ".xyz", ".npz")


def check_output(path: Path) -> None:
    """Raise InputError for an ending that is not known, or a folder that does not exist."""
    if path.suffix not in ENDINGS:
        raise InputError("cannot write this format", source=path, expected=", ".join(ENDINGS))
    if not path.absolute().parent.is_dir():
        raise InputError("the folder does not exist", source=path.parent)


def write_predictions(
    path: Path,
    predictions: Sequence[tuple[Configuration, NDArray[np.floating]]],
    times: Sequence[float],
    *,
    model: str,
) -> None:
    """Write predictions, and what else is known of each particle.

    In extxyz one column per time, ``predicted_propensity_0``, ..., with the times in the comment
    line; in npz, ``predicted_propensity`` (configurations, T, N) and ``times``.
    """
    check_output(path)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    if path.suffix == ".npz":
        np.savez_compressed(
            partial,
            times=np.asarray(times),
            predicted_propensity=np.stack([p for _, p in predictions]),
            model=model,
        )
    else:
        import ase.io

        frames = []
        for configuration, predicted in predictions:
            atoms = to_ase(configuration)
            for k, row in enumerate(predicted):
                atoms.arrays[f"predicted_propensity_{k}"] = row
            atoms.info["predicted_times"] = np.asarray(times)
            atoms.info["model"] = model
            frames.append(atoms)
        ase.io.write(partial, frames, format="extxyz")
    partial.replace(path)
