"""What each layer knows: a linear map from its invariants to descriptors of growing radius."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.configuration import Configuration
from ..models.descriptors import DescriptorConfig, DescriptorInputs, descriptors
from ..models.inputs import BOTH, UNION
from ..models.propensity import PropensityModel
from ..models.ridge import Groups, groups_of, ridge

Array = NDArray[np.floating[Any]]


def layer_invariants(model: PropensityModel, configuration: Configuration) -> list[Array]:
    """Invariants (N, D) before the first layer and after each, of the model's first member.

    Raises
    ------
    InputError
        If the network has no layers of that kind.
    """
    return list(model.layer_features(configuration))


def probe(
    model: PropensityModel,
    fit: Sequence[Configuration],
    test: Sequence[Configuration],
    config: DescriptorConfig | None = None,
) -> list[dict[str, Any]]:
    """R^2 on ``test`` of ridge regressions, fitted on ``fit``, from layers to descriptors.

    Rows of ``layer`` (0 is the input), ``descriptor`` (the name without its position set), ``kind``
    (radial or angular), ``radius`` and ``r2``, for particles of type A. By default the descriptors
    are those of the positions the network's graph is built on (the inherent ones of a union graph),
    radial shells of width 0.2 and bond-order parameters q_1 to q_6.
    """
    settings = config or shells_of(model)
    n_types = model.n_types
    columns = settings.columns(n_types)
    read = {
        id(c): (layer_invariants(model, c), descriptors(c, settings, n_types))
        for c in (*fit, *test)
    }

    groups = groups_of(fit)[np.concatenate([c.types == 0 for c in fit])]

    def stacked(part: Sequence[Configuration], layer: int) -> tuple[Array, Array]:
        x = np.concatenate([read[id(c)][0][layer][c.types == 0] for c in part])
        y = np.concatenate([read[id(c)][1][c.types == 0] for c in part])
        return x, y

    rows = []
    for layer in range(len(read[id(fit[0])][0])):
        found, wanted = linear_map(*stacked(fit, layer), groups), stacked(test, layer)
        residual = ((found(wanted[0]) - wanted[1]) ** 2).sum(axis=0)
        r2 = 1 - residual / ((wanted[1] - wanted[1].mean(axis=0)) ** 2).sum(axis=0)
        for column, value in zip(columns, r2, strict=True):
            rows.append(
                {
                    "layer": layer,
                    "descriptor": column.short,
                    "kind": column.kind,
                    "radius": round(column.radius, 2),
                    "r2": float(value),
                }
            )
    return rows


def linear_map(x: Array, y: Array, groups: Groups) -> Callable[[Array], Array]:
    """What maps x (n, D) to y (n, T) by ridge regression, both standardised.

    ``groups`` (n, 2) as of :func:`equiglass.models.ridge.groups_of`.
    """
    mean, std, scale = x.mean(axis=0), x.std(axis=0) + 1e-9, y.std(axis=0) + 1e-12
    weight, bias, _ = ridge((x - mean) / std, y / scale, groups=groups)

    def mapped(other: Array) -> Array:
        result: Array = (((other - mean) / std) @ weight + bias) * scale
        return result

    return mapped


def shells_of(model: PropensityModel) -> DescriptorConfig:
    """Descriptors of the positions between which the network's graph is drawn."""
    graph = getattr(model.config.inputs, "graph", "inherent")
    graph = "inherent" if graph in (UNION, BOTH) else graph
    return DescriptorConfig(
        inputs=DescriptorInputs(positions=(graph,)),
        near=(0.8, 2.0, 0.2),
        far=(2.2, 4.6, 0.2),
        angular=(1.0, 2.4, 0.2),
        l_max=6,
        generations=0,
    )
