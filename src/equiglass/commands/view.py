"""``equiglass view``: a page that shows particles in space, predicted beside measured."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np

from ..data.configuration import Configuration
from ..data.dataset import Data
from ..data.frame_range import chosen_frames as range_of_frames
from ..data.moments import Frames, Moment, Moments, moments_of
from ..data.trajectory import Trajectory
from ..errors import AssumptionWarning, InputError
from ..evaluation.prediction import ORDER, Prediction
from ..extras import need
from ..models.members import predict_by_members
from ..models.prepared import prepared
from ..reporting.view.made import Made, Values, is_output, made_in, read_output
from ..reporting.view.page import write_view
from ..reporting.view.scene import (
    Scene,
    Shot,
    at_times,
    bytes_of,
    chosen_frames,
    chosen_particles,
    spread_of,
    values_of,
)
from ..simulation.target import TARGETS
from .models import Model, Watch, loaded
from .options import PathLike, Preparing, check_output, preparation_of
from .places import check_results

Read = Callable[[int], tuple[Moment, Made]]


def view(
    data: Data | Trajectory | Prediction | Sequence[Prediction],
    output: PathLike,
    *,
    model: Model | None = None,
    frames: Frames = ":",
    timestep: float | None = None,
    times: Sequence[float] | None = None,
    strict: bool = False,
    species: Sequence[str] | None = None,
    **options: Unpack[Preparing],
) -> Path:
    """One self-contained page: particles in 3D, coloured by what is known and predicted of them.

    Two views side by side with one camera, by default predicted beside measured; time,
    frame, slice, ranks and types are chosen in the page, which needs no server and no network.

    Parameters
    ----------
    data
        Any data set or trajectory, an output of ``predict`` or ``represent``, or predictions that
        :func:`equiglass.commands.predict.predict` returned.
    output
        The page, ``.html``.
    model
        A model whose predictions, their spread over its members and the order parameter are shown
        beside what the data hold.
    frames, timestep
        Which frames of a trajectory or configurations of a data set, as in ``predict``.
    times
        Lag times to show, tau_LJ; by default all.
    strict, options
        As in :func:`equiglass.commands.predict.predict`.

    Returns
    -------
    The page.

    Raises
    ------
    InputError
        If the data cannot be read, the frames are not there, the model does not fit them, or a
        page cannot hold a single frame.

    Warns
    -----
    AssumptionWarning
        If only some of the frames, or a slab of the particles, are shown: a page holds up to 48 MB
        of numbers and 30,000 particles of a frame.
    """
    target = check_output(output, endings=(".html",))
    check_results([target], data)
    need("chemiscope", why="a page of particles")
    how = preparation_of(options)
    source, n_frames, read = _opened(data, frames, timestep, species)
    notes: list[str] = []
    first = read(0)
    network = None if model is None else loaded(model, first[0].configuration)
    known = {t for rows in values_of(*first).values() for t in rows if t is not None}
    _require_times(known.union(() if network is None else network.times), times, source)
    n = len(chosen_particles(first[0])[0])
    size = bytes_of(at_times(values_of(*first), times), n)
    size += 0 if network is None else 4 * n * 3 * len(network.times)
    numbers, note = chosen_frames(n_frames, size, source)
    notes.append(note)
    found = [first if k == 0 else read(k) for k in numbers]
    if network is not None:
        completed = prepared(network, [m.configuration for m, _ in found], how)
        watch = Watch(network, strict=strict)
        watch.refuse_unknown()
        found = [
            (_with(m, c), _predicted(watch, c, made))
            for (m, made), c in zip(found, completed, strict=True)
        ]
        watch.warn()
    shots = []
    for moment, made in found:
        shown, note = chosen_particles(moment)
        notes.append(note)
        shots.append(Shot(moment, at_times(values_of(moment, made), times), shown))
    said = list(dict.fromkeys(note for note in notes if note))
    if said:
        warnings.warn(f"{source}: {'; '.join(said)}", AssumptionWarning, stacklevel=2)
    scene = Scene(source, tuple(shots), (*said, *_told(found)))
    return write_view(target, scene)


def _opened(
    data: Data | Trajectory | Prediction | Sequence[Prediction],
    frames: Frames,
    timestep: float | None,
    species: Sequence[str] | None,
) -> tuple[str, int, Read]:
    """What the data are called, how many frames were chosen, and what reads one of them."""
    listed = [data] if isinstance(data, Prediction) else data
    if isinstance(listed, (list, tuple)) and listed and isinstance(listed[0], Prediction):
        ready = [_of_prediction(p, k) for k, p in enumerate(listed)]
        return _chosen(listed[0].configuration.source, ready, frames)
    if isinstance(data, (str, os.PathLike)) and is_output(Path(data)):
        return _chosen(str(data), read_output(Path(data)), frames)
    moments: Moments = moments_of(data, frames, timestep=timestep, species=species)  # type: ignore[arg-type]
    made = made_in(Path(data)) if isinstance(data, (str, os.PathLike)) else None

    def read(j: int) -> tuple[Moment, Made]:
        moment = moments[j]
        return moment, Made({}) if made is None else made(moment.number)

    return moments.source, len(moments), read


def _chosen(source: str, ready: list[tuple[Moment, Made]], frames: Frames) -> tuple[str, int, Read]:
    kept = [ready[k] for k in range_of_frames(frames, len(ready), source)]
    return source, len(kept), kept.__getitem__


def _of_prediction(prediction: Prediction, k: int) -> tuple[Moment, Made]:
    rows: Values = {
        TARGETS[prediction.target].key: dict(zip(prediction.times, prediction.values, strict=True))
    }
    told = {"model": prediction.model, "outside_domain": prediction.outside_domain}
    return Moment(prediction.configuration, k), Made(rows, told)


def _with(moment: Moment, c: Configuration) -> Moment:
    return replace(moment, configuration=c)


def _predicted(watch: Watch, c: Configuration, made: Made) -> Made:
    """What a model says takes the place of what the file had of another."""
    predicted, spread = predict_by_members(watch.model, c)
    watch.check(c, predicted)
    times = watch.model.times
    target = watch.model.target
    values: Values = {target.key: dict(zip(times, predicted, strict=True))}
    if spread is not None:
        values[spread_of(target)] = dict(zip(times, spread, strict=True))
    order = watch.model.order_parameter(c, predicted)
    values[ORDER] = dict(zip(times, order, strict=True))
    return Made(values, {"model": watch.model.card.name, "outside_domain": watch.words()})


def _told(found: Sequence[tuple[Moment, Made]]) -> list[str]:
    """Lines on the models behind predictions, and where they are outside of their domain."""
    models = {made.told["model"] for _, made in found if made.told.get("model")}
    outside = [made.told["outside_domain"] for _, made in found if made.told.get("outside_domain")]
    lines = [f"predicted by {', '.join(sorted(models))}"] if models else []
    if outside:
        lines.append(f"outside the model's training domain: {outside[0]}" + _more(outside))
    extra = {made.told["extra_simulation"] for _, made in found if "extra_simulation" in made.told}
    lines += sorted(extra)
    return lines


def _more(outside: Sequence[str]) -> str:
    return f" (the first of {len(outside)} such frames)" if len(outside) > 1 else ""


def _require_times(known: AbstractSet[float], times: Sequence[float] | None, source: str) -> None:
    missing = [t for t in times or () if not any(np.isclose(t, k, rtol=1e-3) for k in known)]
    if missing:
        raise InputError(
            "nothing is known at such a time", source=source, field="times",
            expected=sorted(known) or "data with times", found=missing,
        )  # fmt: skip
