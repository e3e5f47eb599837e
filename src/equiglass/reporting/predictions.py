"""Predicted propensities as files that OVITO, ASE and NumPy read."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..data.extxyz import write_frame
from ..evaluation.prediction import Prediction
from ..written import whole

ENDINGS = (".extxyz", ".xyz", ".npz")


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write predictions, and what else is known of each particle.

    In extxyz one frame per configuration, as :meth:`Prediction.to_ase` has it. In npz the
    particles of all configurations one after the other, whatever their numbers:
    ``predicted_propensity`` (T, M), ``times`` (T,), ``types`` (M,), ``positions`` (M, 3) and
    ``configuration`` (M,), the number of each one's configuration; for each of those ``box``
    (C, 3), ``periodic`` (C, 3), ``source`` (C,) ``outside_domain`` (C,) and ``accuracy`` (C,), the
    name of that of its quench, empty where not known; ``model`` and ``potential``, the latter as
    JSON.
    """
    with whole(path) as partial, partial.open("wb") as out:
        if path.suffix == ".npz":
            _write_npz(out, predictions)
        else:
            with io.TextIOWrapper(out, encoding="utf-8") as text:
                for prediction in predictions:
                    write_frame(text, prediction.to_ase())


def _write_npz(out: BinaryIO, predictions: Sequence[Prediction]) -> None:
    members = [p.configuration for p in predictions]
    potential = predictions[0].potential
    np.savez_compressed(
        out,
        times=np.asarray(predictions[0].times),
        predicted_propensity=np.concatenate([p.values for p in predictions], axis=1),
        configuration=np.repeat(np.arange(len(members)), [len(c) for c in members]),
        types=np.concatenate([c.types for c in members]),
        positions=np.concatenate([c.positions for c in members]),
        box=np.stack([c.box for c in members]),
        periodic=np.array([c.periodic for c in members]),
        source=np.array([c.source for c in members]),
        outside_domain=np.array([p.outside_domain for p in predictions]),
        accuracy=np.array([c.accuracy.name if c.accuracy else "" for c in members]),
        model=predictions[0].model,
        potential="" if potential is None else json.dumps(potential.model_dump(mode="json")),
    )
