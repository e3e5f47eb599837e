"""The representation of every particle, its principal components, and the order parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import TYPE_NAMES, Configuration
from ..evaluation.correlation import pearson
from ..evaluation.dynamics import relaxation_time
from ..evaluation.score import common_times
from ..models.propensity import PropensityModel

Array = NDArray[np.float64]


def order_parameter(
    model: PropensityModel, configuration: Configuration, time: float | None = None
) -> Array:
    """The structural order parameter S of every particle, (N,).

    S is the network's predicted propensity at one time, minus its mean over the particles of the
    same type in the training configurations, in units of their standard deviation:
    S_i = (p_i - <p>_type) / std_type. S > 0 is a structure that will move more than the average of
    its type ("soft"), S < 0 one that will move less. It depends on the structure alone, and being
    in standard units can be compared between temperatures and models.

    Parameters
    ----------
    time
        Of the prediction; by default the model's time nearest to the relaxation time of the
        configuration's temperature, where that is known, else the model's last.
    """
    row = row_of_order_parameter(model, [configuration], time)
    result: Array = _order_parameters(model, configuration)[row]
    return result


def row_of_order_parameter(
    model: PropensityModel, configurations: Sequence[Configuration], time: float | None
) -> int:
    """The time's index in the model: the given one, or the nearest to the relaxation time."""
    stated = relaxation_time(configurations) if time is None else None
    return model.row_of(stated.value if stated is not None else time)


def _order_parameters(model: PropensityModel, configuration: Configuration) -> Array:
    """(n_times, N)."""
    mean = model.target_mean.double().numpy()[configuration.types].T
    std = model.target_std.double().numpy()[configuration.types].T
    result: Array = (model.predict(configuration) - mean) / std
    return result


@dataclass(frozen=True)
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
    """

    features: list[Array]
    components: list[Array]
    explained_variance: Array
    order_parameters: list[Array]
    time: float


def represent(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    *,
    n_components: int = 8,
    time: float | None = None,
) -> Representation:
    """Representation, principal components (scikit-learn) and order parameter of every particle."""
    from sklearn.decomposition import PCA

    features = [model.represent(c) for c in configurations]
    everything = np.concatenate(features)
    mean, std = everything.mean(axis=0), everything.std(axis=0) + 1e-12
    pca = PCA(min(n_components, everything.shape[1]), svd_solver="full")
    pca.fit((everything - mean) / std)
    # The sign of a component is arbitrary: its largest loading is made positive.
    loading = pca.components_
    sign = np.sign(loading[np.arange(len(loading)), np.abs(loading).argmax(axis=1)])
    row = row_of_order_parameter(model, configurations, time)
    return Representation(
        features,
        [pca.transform((f - mean) / std) * sign for f in features],
        pca.explained_variance_ratio_,
        [_order_parameters(model, c)[row] for c in configurations],
        model.times[row],
    )


def measured_mobility(
    result: Representation, model: PropensityModel, configurations: Sequence[Configuration]
) -> list[NDArray[np.floating[Any]]] | None:
    """Measured propensity (N,) at the order parameter's time, or None where it is not known."""
    times = configurations[0].times
    if times is None or any(c.propensity is None for c in configurations):
        return None
    for i, j in common_times(model.times, times.tolist()):
        if model.times[i] == result.time:
            return [c.propensity[j] for c in configurations]  # type: ignore[index]
    return None


def correlations(
    result: Representation, model: PropensityModel, configurations: Sequence[Configuration]
) -> list[dict[str, Any]]:
    """Pearson correlation, pooled by type, of components and S with what is known of particles.

    Rows of ``type``, ``with`` (an energy, or the propensity at a time), ``S`` and ``PC1``, ...
    """
    rows = []
    types = np.concatenate([c.types for c in configurations])
    components = np.concatenate(result.components)
    order = np.concatenate(result.order_parameters)
    known: dict[str, NDArray[np.floating[Any]]] = {}
    for name in ("thermal_energy", "inherent_energy"):
        if all(getattr(c, name) is not None for c in configurations):
            known[name] = np.concatenate([getattr(c, name) for c in configurations])
    first = configurations[0]
    if all(c.propensity is not None for c in configurations) and first.times is not None:
        for _, j in common_times(model.times, first.times.tolist()):
            known[f"propensity t={first.times[j]:g}"] = np.concatenate(
                [c.propensity[j] for c in configurations]  # type: ignore[index]
            )
    for t in np.unique(types):
        mine = types == t
        for name, values in known.items():
            row: dict[str, Any] = {"type": TYPE_NAMES[t], "with": name}
            row["S"] = pearson(order[mine], values[mine])
            for k in range(components.shape[1]):
                row[f"PC{k + 1}"] = pearson(components[mine, k], values[mine])
            rows.append(row)
    return rows
