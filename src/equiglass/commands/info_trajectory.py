"""``equiglass info`` of a trajectory: what it holds, its dynamics, and whether it ages."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.configuration import TYPE_NAMES
from ..data.fields import FIELDS
from ..data.stamps import states_times
from ..data.trajectory import Trajectory
from ..data.trajectory_files import open_series
from ..errors import AssumptionWarning, InputError
from ..evaluation.trajectory import trajectory_dynamics


def as_trajectory(
    data: object, timestep: float | None, species: Sequence[str] | None
) -> Trajectory | None:
    """The trajectory that this is; None for what is a data set.

    A file is one if it has several frames that state their times, or a timestep is given.

    Raises
    ------
    InputError
        If a timestep is given, and it is no trajectory.
    """
    if isinstance(data, Trajectory):
        return data
    if not isinstance(data, (str, os.PathLike)) or not Path(data).is_file():
        return None
    series = open_series(Path(data), species)
    if series is None or (timestep is None and len(series) < 2):
        return None
    if timestep is None and not states_times(series.stamps):
        steps = [stamp.step for stamp in series.stamps]
        if len(set(steps)) > 1 and None not in steps:
            warnings.warn(
                f"{data}: frames state steps; with --timestep DT their dynamics is shown",
                AssumptionWarning,
                stacklevel=3,
            )
        return None
    try:
        return Trajectory.of_series(str(data), series, timestep)
    except InputError as error:
        if timestep is not None:
            raise
        # Independent configurations may state times too.
        warnings.warn(f"shown as a data set: {error}", AssumptionWarning, stacklevel=3)
        return None


def describe_trajectory(trajectory: Trajectory) -> dict[str, Any]:
    """What ``info`` says of a data set, with ``trajectory`` beside it.

    Raises
    ------
    InputError
        If a frame cannot be read, or particles cannot be followed across the box.
    """
    first = trajectory.frame(0)
    dynamics = trajectory_dynamics(trajectory)
    tau = dynamics.relaxation_time
    gaps = np.diff(trajectory.times)
    linear = bool(np.allclose(gaps, gaps[0], rtol=1e-3))
    return {
        "source": trajectory.source,
        "formats": {trajectory.format: len(trajectory)},
        "n_configurations": len(trajectory),
        "n_loaded": len(trajectory),
        "splits": {},
        "n_particles": [len(first)],
        "composition": first.composition,
        "box": first.box.tolist(),
        "dimensions": first.dimensions,
        "density": first.density,
        "temperatures": [] if first.temperature is None else [first.temperature],
        "potential": None if first.potential is None else first.potential.model_dump(mode="json"),
        "times": [],
        "times_by_temperature": {},
        "n_trajectories": 1,
        "fields": [name for name in FIELDS if getattr(first, name) is not None],
        "predictions": sorted(first.predictions),
        "energy": {"potential_energy": float(dynamics.energies.mean())}
        if len(dynamics.energies)
        else {},
        "targets": dynamics.as_dict()["rows"],
        "relaxation_times": []
        if tau is None
        else [
            {
                "temperature": first.temperature,
                "value": tau.value,
                "definition": tau.definition,
                "from": f"F_s of type {TYPE_NAMES[0]} along the trajectory",
            }
        ],
        "trajectory": {
            "n_frames": len(trajectory),
            "start": float(trajectory.times[0]),
            "stop": float(trajectory.times[-1]),
            "spacing": "linear" if linear else "uneven",
            "shortest_spacing": float(gaps.min()),
            "longest_spacing": float(gaps.max()),
            "unwrapped_by": "the file" if trajectory.is_unwrapped else "the nearest image",
            **{k: v for k, v in dynamics.as_dict().items() if k != "rows"},
        },
    }
