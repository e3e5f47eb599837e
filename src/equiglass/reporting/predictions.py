"""Predicted propensities as files that OVITO, ASE, LAMMPS, HOOMD and NumPy read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..evaluation.prediction import Prediction, about_predictions
from .frames.output import ENDINGS as ENDINGS
from .frames.output import write_frames


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write predictions, and what else is known of each particle.

    The format is that of the file's ending, see
    :func:`equiglass.reporting.frames.output.write_frames`.
    """
    about = about_predictions(predictions)
    write_frames(path, about, (p.as_result(k) for k, p in enumerate(predictions)))
