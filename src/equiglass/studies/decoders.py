"""New linear decoders on a frozen representation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..data.configuration import Configuration
    from ..models.propensity import PropensityModel
    from ..models.ridge import Groups

    Array = NDArray[np.floating[Any]]


# Of representations, which are a few numbers that were trained to be of use.
PENALTIES = tuple(10 ** (k / 2) for k in range(-2, 11))


class Decoders:
    """Ridge regression of each type from a model's representation to the propensity.

    Where there are validation configurations, the penalty of each type and time is the one with the
    best correlation on them, as for every other way of learning; else, also at times that these
    do not have, generalised cross-validation on the training configurations chooses it.

    Parameters
    ----------
    origin
        The model whose representation stays as it is.
    training, validation
        Configurations with all that the model reads, and with labels: those of training at the
        same times, those of validation at some of these.
    """

    def __init__(
        self,
        origin: PropensityModel,
        training: Sequence[Configuration],
        validation: Sequence[Configuration] = (),
    ) -> None:
        self.origin = origin
        times = training[0].times
        assert times is not None
        self.times: tuple[float, ...] = tuple(times.tolist())
        self.weights, self.intercepts = refit_decoders(origin, training, validation)

    @property
    def n_parameters(self) -> int:
        """Of the decoders."""
        return int(self.weights.size + self.intercepts.size)

    def predict(self, configuration: Configuration) -> Array:
        """Propensities (n_times, N)."""
        import numpy as np

        features = self.origin.represent(configuration)
        result = np.empty((len(self.times), len(configuration)))
        for t in range(len(self.weights)):
            mine = configuration.types == t
            result[:, mine] = (features[mine] @ self.weights[t] + self.intercepts[t]).T
        return result


def refit_decoders(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    validation: Sequence[Configuration] = (),
) -> tuple[Array, Array]:
    """Linear decoders on the frozen representation: weights (S, D, T) and intercepts (S, T)."""
    import numpy as np

    from ..data.grids import at_known_times, propensity_on
    from ..models.ridge import groups_of, ridge

    assert configurations[0].times is not None
    times: list[float] = configurations[0].times.tolist()
    features, types, targets = _stacked(model, configurations, times)
    groups = groups_of(configurations)
    scale = features.std(axis=0) + 1e-9
    n_types = int(types.max()) + 1
    weights = np.zeros((n_types, features.shape[1], targets.shape[1]))
    intercepts = np.zeros((n_types, targets.shape[1]))
    held = [
        (model.represent(c) / scale, c.types, propensity_on(at_known_times(c, times), times))
        for c in validation
    ]
    for t in range(n_types):
        mine = types == t
        if held:
            own = [(x[of == t], y[:, of == t]) for x, of, y in held]
            weight, intercepts[t] = _chosen(
                features[mine] / scale, targets[mine], groups[mine], own
            )
        else:
            weight, intercepts[t], _ = ridge(
                features[mine] / scale, targets[mine], groups=groups[mine]
            )
        weights[t] = weight / scale[:, None]
    return weights, intercepts


def _stacked(
    model: PropensityModel, configurations: Sequence[Configuration], times: Sequence[float]
) -> tuple[Array, Array, Array]:
    import numpy as np

    from ..data.grids import propensity_on

    features = np.concatenate([model.represent(c) for c in configurations])
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([propensity_on(c, times).T for c in configurations])
    return features, types, targets


def _chosen(
    features: Array, targets: Array, groups: Groups, held: Sequence[tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Coefficients (D, T) and intercepts (T,), of each target those of the best penalty.

    ``held`` are features (n, D) and labels (T, n), NaN where these are not known.
    """
    import numpy as np

    from ..evaluation.correlation import pearson
    from ..extras import need
    from ..models.ridge import ridge

    need("sklearn", why="ridge regression")
    from sklearn.linear_model import Ridge

    best = np.full(targets.shape[1], -np.inf)
    coefficients = np.zeros((features.shape[1], targets.shape[1]))
    for alpha in PENALTIES:
        found = np.atleast_2d(Ridge(alpha=alpha).fit(features, targets).coef_).T
        rho = np.array(
            [
                np.nanmean(
                    [pearson(x @ found[:, k], y[k]) for x, y in held if np.isfinite(y[k]).all()]
                    or [-np.inf]
                )
                for k in range(targets.shape[1])
            ]
        )
        better = rho > best
        coefficients[:, better], best[better] = found[:, better], rho[better]
    unjudged = np.isinf(best)
    if unjudged.any():
        coefficients[:, unjudged], *_ = ridge(features, targets[:, unjudged], groups=groups)
    return coefficients, targets.mean(axis=0) - features.mean(axis=0) @ coefficients
