"""The structural order parameter along a trajectory, written frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.along import Along, by_type, gather, summary
from ..analysis.autocorrelation import autocorrelation
from ..analysis.components import Components, Projection
from ..analysis.representation import Representation
from ..data.accuracy import coarsest_accuracy
from ..data.moments import Moment, Moments
from ..data.relaxation import RelaxationTime
from ..evaluation.departures import outside
from ..evaluation.frames import About, FrameResult, Quantity, columns_at
from ..evaluation.prediction import PROPENSITY
from ..locks import writing
from ..reporting.frames.output import write_frames
from ..simulation.target import TARGETS
from ..streaming.jobs import FEATURES, ORDER, Predict, order_quantity
from ..streaming.run import Results, run_frames
from ..streaming.workers import Where
from .frames import check_away

COMPONENTS = "principal_components"
FOLLOWED = 6  # particles whose order parameter is shown one by one


def stream_order(
    target: Path,
    data: object,
    job: Predict,
    moments: Moments,
    where: Where,
    about: About,
    stated: RelaxationTime | None,
    n_components: int,
    *,
    progress: bool,
) -> Along:
    """Represent every frame, write them all, and gather S(t) on the way.

    Parameters
    ----------
    stated
        The relaxation time that the time of the order parameter is nearest to, if it chose it.

    Raises
    ------
    InputError
        As :func:`equiglass.commands.frames.stream`.
    """
    check_away(target, data, moments)
    with writing(target):
        results = run_frames(target, job, moments, where, progress=progress)
        gathered = gather(results)
        projection = _components(results, n_components)
        share = projection.explained_variance
        assert job.row is not None
        about = replace(
            gathered.complete(about),
            command="represent",
            quantities=(*about.quantities, _components_of(share)),
            more=_more(share, job.model.times[job.row], stated),
        )
        write_frames(target, about, _projected(results, projection))
        more = _order(results, moments, gathered.mobility.shape[1])
        results.remove()
    return summary(target, about, gathered, moments.numbers, moments.times, **more)


def as_frames(result: Representation, *, known: bool) -> tuple[About, Iterator[FrameResult]]:
    """What is in memory, as frames of a file; ``known`` is whether the model states a domain."""
    target = TARGETS[result.target]
    meaning = target.with_unit(f"predicted {target.words}")
    quantities = (
        order_quantity(result.time),
        Quantity(
            PROPENSITY,
            columns_at(target.column, [result.time]),
            f"{meaning} at the time of the order parameter",
            array=target.key,
        ),
        _components_of(result.explained_variance),
    )
    sources = sorted({c.source for c in result.configurations})
    about = About(
        "represent",
        sources[0] if len(sources) == 1 else f"{len(sources)} configurations",
        quantities,
        result.model,
        result.times,
        result.potential,
        coarsest_accuracy(result.configurations),
        domain_known=known,
        target=result.target,
        outside_domain="; ".join(outside(result.departures)),
        more=_more(result.explained_variance, result.time, result.relaxation_time),
    )
    frames = (
        FrameResult(
            Moment(c, k),
            {
                ORDER: result.order_parameters[k][:, None],
                PROPENSITY: result.predicted[k][:, None],
                COMPONENTS: result.components[k].astype(np.float32),
            },
            result.departures[k],
        )
        for k, c in enumerate(result.configurations)
    )
    return about, frames


def _components_of(share: NDArray[np.floating[Any]]) -> Quantity:
    names = tuple(f"PC{k + 1}" for k in range(len(share)))
    return Quantity(COMPONENTS, names, "principal component of the representation")


def _more(
    share: NDArray[np.floating[Any]], time: float, stated: RelaxationTime | None
) -> dict[str, Any]:
    return {
        "explained_variance": share,
        "order_parameter_time": time,
        "relaxation_time": np.nan if stated is None else stated.value,
        "relaxation_time_definition": "" if stated is None else stated.definition,
    }


def _components(results: Results, n_components: int) -> Projection:
    sums: Components | None = None
    for result in results:
        features = result.values[FEATURES]
        sums = sums or Components(features.shape[1])
        sums.add(features)
    assert sums is not None  # there is a frame
    return sums.fit(n_components)


def _projected(results: Results, projection: Projection) -> Iterator[FrameResult]:
    for result in results:
        features = result.values[FEATURES]
        values = {
            **result.values,
            FEATURES: features.astype(np.float32),
            COMPONENTS: projection(features).astype(np.float32),
        }
        yield replace(result, values=values)


def _order(results: Results, moments: Moments, n_types: int) -> dict[str, Any]:
    """Means of S, some particles, and the autocorrelation where the particles are the same."""
    means, spreads, types = [], [], None
    file = results.path / "order"
    with file.open("wb") as out:
        for result in results:
            order = result.values[ORDER][:, 0]
            types = result.configuration.types
            mean = by_type(order[:, None], types, n_types)[:, 0]
            square = by_type(order[:, None] ** 2, types, n_types)[:, 0]
            means.append(mean)
            spreads.append(np.sqrt(np.maximum(square - mean**2, 0)))
            out.write(order.astype(np.float32).tobytes())
    more: dict[str, Any] = {
        "order_parameter": np.stack(means),
        "order_parameter_std": np.stack(spreads),
    }
    if moments.first is None or types is None:
        return more
    # On disk: a number for each particle and frame may be more than memory holds.
    stored: NDArray[np.float32] = np.memmap(file, np.float32, "r", shape=(len(moments), len(types)))
    which = np.linspace(0, len(types) - 1, min(FOLLOWED, len(types))).astype(int)
    more |= {"which": which, "followed": np.array(stored[:, which])}
    if moments.times is not None:
        times, overall = np.array(moments.times), np.stack(means).mean(axis=0)
        more["autocorrelation"] = autocorrelation(lambda k: stored[k], times, types, overall)
    return more
