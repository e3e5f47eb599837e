"""The representation of every particle, its principal components, and the order parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.accuracy import coarsest_accuracy
from ..data.configuration import TYPE_NAMES, Configuration
from ..data.potential import Potential
from ..data.relaxation import RelaxationTime
from ..evaluation.correlation import pearson
from ..evaluation.dynamics import relaxation_time
from ..evaluation.predictors import Predictor
from ..evaluation.score import measured_at
from ..extras import need
from ..models.propensity import PropensityModel
from ..models.ranges import Departure
from ..simulation.target import DISPLACEMENT, TARGETS, TargetName

Array = NDArray[np.float64]


def order_parameter(
    model: PropensityModel, configuration: Configuration, time: float | None = None
) -> Array:
    """The structural order parameter S of every particle, (N,).

    S is the network's predicted propensity at one time, minus its mean over the particles of the
    same type in the training configurations, in units of their standard deviation:
    S_i = (p_i - <p>_type) / std_type. S > 0 is a structure that will move more than the average of
    its type ("soft"), S < 0 one that will move less; of a model of bonds, S > 0 is one that will
    keep more of its bonds. It depends on the structure alone, and being
    in standard units can be compared between temperatures and models.

    Parameters
    ----------
    time
        Of the prediction; by default that of :func:`time_of_order_parameter`.
    """
    row, _ = time_of_order_parameter(model, [configuration], time)
    result: Array = model.order_parameter(configuration)[row]
    return result


def time_of_order_parameter(
    model: PropensityModel, configurations: Sequence[Configuration], time: float | None
) -> tuple[int, RelaxationTime | None]:
    """The time's index in the model, and the relaxation time that chose it, if one did.

    The given time; else the model's time nearest to the relaxation time that the configurations
    state; else the model's last.
    """
    stated = relaxation_time(configurations) if time is None else None
    return model.row_of(stated.value if stated is not None else time), stated


@dataclass(frozen=True, repr=False)
class Representation:
    """What :func:`represent` returns; one entry of each list per configuration.

    Attributes
    ----------
    features
        (N, D) invariant representation.
    components
        (N, K) principal components of the standardised features, over all configurations.
    explained_variance
        (K,) share of the variance in each component.
    order_parameters
        (N,) structural order parameter at ``time``.
    predicted
        (N,) predicted propensity at ``time``, sigma.
    time, times
        That of the order parameter, and all of the model.
    relaxation_time
        The one, with its definition, that ``time`` is nearest to; None if it was not chosen so.
    cutoff
        Of the model's graph, sigma.
    departures, potential
        As in :class:`equiglass.evaluation.prediction.Prediction`, the former per configuration.
    """

    model: str
    configurations: list[Configuration]
    features: list[Array]
    components: list[Array]
    explained_variance: Array
    order_parameters: list[Array]
    predicted: list[NDArray[np.floating[Any]]]
    time: float
    times: tuple[float, ...]
    relaxation_time: RelaxationTime | None
    cutoff: float
    departures: tuple[tuple[Departure, ...], ...] = ()
    potential: Potential | None = None
    target: TargetName = DISPLACEMENT.name

    def __repr__(self) -> str:
        n, size = sum(map(len, self.configurations)), self.features[0].shape[1]
        return f"<Representation of {n} particles by {self.model}: {size} features, {self.chosen}>"

    @property
    def chosen(self) -> str:
        """Which time the order parameter belongs to, and why."""
        tau = self.relaxation_time
        why = "" if tau is None else f", nearest to tau_alpha = {tau.value:.4g} ({tau.definition})"
        return f"S at t = {self.time:g}{why}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON output of ``equiglass represent``."""
        tau = self.relaxation_time
        accuracy = coarsest_accuracy(self.configurations)
        return {
            "model": self.model,
            "target": self.target,
            "order_parameter_time": self.time,
            "relaxation_time": None if tau is None else asdict(tau),
            "potential": None if self.potential is None else self.potential.model_dump(mode="json"),
            "accuracy": None if accuracy is None else accuracy.model_dump(mode="json"),
            "outside_domain": [[one.as_dict() for one in found] for found in self.departures],
            "explained_variance": self.explained_variance.tolist(),
            "correlations": correlations(self),
        }


def represent(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    *,
    n_components: int = 8,
    time: float | None = None,
    predict: Predictor | None = None,
    memory: int | None = None,
) -> Representation:
    """Representation, principal components (scikit-learn) and order parameter of every particle.

    Parameters
    ----------
    predict
        In place of the model's own, for one that watches it.
    memory
        See :meth:`PropensityModel.predict`.
    """
    need("sklearn", why="the analysis of representations")
    from sklearn.decomposition import PCA

    features = [model.represent(c, memory=memory) for c in configurations]
    everything = np.concatenate(features)
    mean, std = everything.mean(axis=0), everything.std(axis=0) + 1e-12
    pca = PCA(min(n_components, *everything.shape), svd_solver="full")
    pca.fit((everything - mean) / std)
    # The sign of a component is arbitrary: its largest loading is made positive.
    loading = pca.components_
    sign = np.sign(loading[np.arange(len(loading)), np.abs(loading).argmax(axis=1)])
    row, stated = time_of_order_parameter(model, configurations, time)
    predicted = [(predict or model.predict)(c) for c in configurations]
    return Representation(
        model.card.name,
        list(configurations),
        features,
        [pca.transform((f - mean) / std) * sign for f in features],
        pca.explained_variance_ratio_,
        [model.order_parameter(c, p)[row] for c, p in zip(configurations, predicted, strict=True)],
        [p[row] for p in predicted],
        model.times[row],
        model.times,
        stated,
        model.config.cutoff,
        target=model.card.target,
    )


def measured_mobility(result: Representation) -> list[NDArray[np.floating[Any]]] | None:
    """What was measured of the model's target, (N,), at the order parameter's time.

    None unless it is known of every particle.
    """
    field = TARGETS[result.target].field
    found = measured_at(result.configurations, result.time, field)
    return found if found and all(np.isfinite(m).all() for m in found) else None


def correlations(result: Representation) -> list[dict[str, Any]]:
    """Pearson correlation, pooled by type, of components and S with what is known of particles.

    Propensities, and shares of bonds kept for a model of bonds, are those at times of the model
    that all configurations have.

    Rows of ``type``, ``with`` (an energy, or one of these at a time), ``S`` and ``PC1``, ...
    """
    rows = []
    configurations = result.configurations
    types = np.concatenate([c.types for c in configurations])
    components = np.concatenate(result.components)
    order = np.concatenate(result.order_parameters)
    known: dict[str, NDArray[np.floating[Any]]] = {}
    for name in ("thermal_energy", "inherent_energy"):
        if all(getattr(c, name) is not None for c in configurations):
            known[name] = np.concatenate([getattr(c, name) for c in configurations])
    for target in dict.fromkeys((DISPLACEMENT, TARGETS[result.target])):
        for time in result.times:
            measured = measured_at(configurations, time, target.field)
            if measured is not None:
                known[f"{target.words} t={time:g}"] = np.concatenate(measured)
    for t in np.unique(types):
        for name, values in known.items():
            mine = (types == t) & np.isfinite(values)
            if not mine.any():
                continue
            row: dict[str, Any] = {"type": TYPE_NAMES[t], "with": name}
            row["S"] = pearson(order[mine], values[mine])
            for k in range(components.shape[1]):
                row[f"PC{k + 1}"] = pearson(components[mine, k], values[mine])
            rows.append(row)
    return rows
