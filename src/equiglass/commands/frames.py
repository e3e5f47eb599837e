"""What the commands that work frame by frame share."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from ..analysis.along import Along, gather, summary
from ..data.archive import is_store
from ..data.configuration import TYPE_NAMES, Configuration
from ..data.dataset import Data, Dataset, as_dataset
from ..data.moments import Frames, Moments, moments_of
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.frames import About
from ..evaluation.prediction import calibration_text
from ..locks import writing
from ..models.propensity import PropensityModel
from ..reporting.frames.output import write_frames
from ..streaming.jobs import Job, Predict
from ..streaming.run import run_frames
from ..streaming.workers import Where
from .assumed import assumptions
from .options import PathLike
from .places import check_apart


def as_frames(
    data: str,
    species: Sequence[str] | None,
    frames: str | None,
    timestep: float | None,
    scheduler: str | None,
    cluster: PathLike | None,
) -> tuple[Data, str | None]:
    """What a command line's options mean: data, and frames if it is to be done frame by frame.

    It is where any of these options is given, and where there are several configurations, which
    are then independent ones.
    """
    if frames is not None or timestep is not None:
        return data, frames or ":"
    if scheduler is not None or cluster is not None:
        return data, ":"
    dataset = as_dataset(data, species=species)
    return (dataset, ":") if len(dataset) > 1 else (data, None)


def chosen_moments(
    data: Data | Trajectory,
    frames: Frames,
    timestep: float | None,
    species: Sequence[str] | None,
    where: Where,
) -> Moments:
    """The frames to work on; by workers elsewhere a file is found by its whole path."""
    if where.cluster is not None and isinstance(data, (str, os.PathLike)) and Path(data).exists():
        data = Path(data).absolute()
    return moments_of(data, frames, timestep=timestep, species=species)


def refuse_memory(memory: str | int | None) -> None:
    """Raise InputError if a limit is given: each of several processes would need its own."""
    if memory is not None:
        raise InputError(
            "is for one large configuration at a time, not for frames in several processes",
            field="memory", expected="no limit, or one configuration without frames", found=memory,
        )  # fmt: skip


def check_away(target: Path, data: object, moments: Moments) -> None:
    """Raise InputError where the output is what is read."""
    check_apart(target, data, Dataset(moments.source, ()))
    if is_store(target) or (target.exists() and target.suffix == ".zarr"):
        raise InputError("is there already; remove it, or choose another output", source=target)


def stream(
    target: Path,
    data: object,
    job: Job,
    moments: Moments,
    where: Where,
    about: About,
    *,
    progress: bool,
) -> Along:
    """Do a job on every frame, and write the output when all are done.

    Raises
    ------
    InputError
        As :func:`equiglass.streaming.run.run_frames`, or if the output cannot be written.
    """
    check_away(target, data, moments)
    with writing(target):
        results = run_frames(target, job, moments, where, progress=progress)
        gathered = gather(results)
        about = gathered.complete(about)
        write_frames(target, about, results)
        results.remove()
    return summary(target, about, gathered, moments.numbers, moments.times)


def about_frames(job: Predict, moments: Moments, first: Configuration) -> About:
    """What predictions of these frames rest on, as far as it is known before."""
    model = job.model
    potential = job.how.potential or first.potential
    return About(
        "predict",
        moments.source,
        job.quantities,
        model.card.name,
        model.times,
        potential,
        inputs=job.how.record(),
        assumed=assumptions(moments),
        domain_known=model.card.domain is not None,
        calibration=calibration_text(
            model.card.calibration, TYPE_NAMES[: model.n_types], model.times
        ),
        target=model.card.target,
    )


def warn_outside(model: PropensityModel, found: Along) -> None:
    """Say in one line what was outside of the model's training domain."""
    if model.card.domain is None:
        name = model.card.name
        text = f"the model {name} records no training domain: nothing was checked against it"
        warnings.warn(text, AssumptionWarning, stacklevel=3)
    if found.about.outside_domain:
        text = f"outside the model's training domain: {found.about.outside_domain}"
        warnings.warn(text, AssumptionWarning, stacklevel=3)
