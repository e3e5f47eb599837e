"""What a representation is worth elsewhere: a colder temperature from a few configurations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import Cell, Plan, Row, Study, rows_of
from .spent import Clock
from .temperature import at, reduced_label, train_at_temperatures, validating

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ..data.configuration import Configuration
    from ..evaluation.score import Evaluation
    from ..models.propensity import PropensityModel
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

    Array = NDArray[np.floating[Any]]

FROZEN, SCRATCH, FINE_TUNED = "frozen", "scratch", "fine-tuned"
METHODS = (FROZEN, SCRATCH, FINE_TUNED)
SOURCE = "source"


class Transfer(Study):
    """From the warmest temperature to the colder ones, with few target configurations."""

    kind = "transfer"
    help = (
        "a frozen representation with new linear decoders, against a new network and fine-tuning, "
        "with few configurations of the target temperature"
    )
    columns = ("source", "target", "n", "method", "definition")
    own_target = True

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """The network of the warmest temperature; then every way to each of the others."""
        from .reduced import at_reduced_times, temperatures_of

        temperatures = temperatures_of(plan.data)
        at_reduced_times(plan.data)  # Before anything is trained: what cannot be compared.
        source = temperatures[-1]
        name = f"source T={source:g}"
        arguments = (name, plan.config, (source,), (source,), plan.preparation)
        columns = {"source": source, "target": source, "n": None, "method": SOURCE}
        first = Cell(name, train_at_temperatures, arguments, columns)
        training = plan.data.split("train")
        second = []
        for target in temperatures[:-1][::-1]:
            available = sum(c.temperature == target for c in training)
            for n in (1,) if plan.quick else (1, 2, 4, 5, 10):
                for method in METHODS if n <= available else ():
                    label = f"T={target:g},n={n},{method}"
                    arguments_of = (
                        label, plan.config, plan.folder / name / "run", target, n, method,
                        plan.preparation,
                    )  # fmt: skip
                    columns = {"source": source, "target": target, "n": n, "method": method}
                    second.append(Cell(label, transfer_and_score, arguments_of, columns))
        return [[first], second]

    def time_label(self, rows: Sequence[Row]) -> str:
        """In units of a relaxation time of this definition."""
        return reduced_label(rows)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ, averaged over times, against the number of target configurations."""
        import numpy as np

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = [row for row in of_type(rows, type_name) if row["method"] in METHODS]
        targets = list(dict.fromkeys(row["target"] for row in mine))
        figure, axes = blank_figure(1, len(targets), size=(1 + 3.4 * len(targets), 3.6))
        panels = np.atleast_1d(axes)
        for axis, target in zip(panels, targets, strict=True):
            numbers = sorted({row["n"] for row in mine if row["target"] == target})
            for method in METHODS:
                means = [
                    np.nanmean(
                        [
                            rho(row)
                            for row in mine
                            if (row["target"], row["n"], row["method"]) == (target, n, method)
                        ]
                    )
                    for n in numbers
                ]
                axis.plot(numbers, means, "o-", label=method)
            axis.set(xlabel="target configurations", title=f"T={target:g}", xticks=numbers)
            axis.grid(alpha=0.25)
        panels[0].set_ylabel(rf"Pearson $\rho$, type {type_name}, mean over times")
        panels[0].legend(fontsize=8, frameon=False)
        figure.suptitle(f"times: {reduced_label(mine)}", fontsize=9)
        return figure


def transfer_and_score(
    folder: Path,
    name: str,
    config: TrainConfig,
    source: Path,
    target: float,
    n_configurations: int,
    method: str,
    preparation: Preparation,
) -> list[Row]:
    """Learn a target temperature from a few configurations, one of three ways.

    ``frozen``: the representation of the source model, new linear decoders by ridge regression;
    ``scratch``: a new network; ``fine-tuned``: the source network trained on.
    """
    from ..data.dataset import from_configurations
    from ..models.storage import restore
    from ..training.sources import open_data
    from .cells import RUN, fitted, scored
    from .reduced import at_reduced_times

    reduced = at_reduced_times(open_data(config).dataset)
    few = at(reduced.data, "train", [target])[:n_configurations]
    test = at(reduced.data, "test", [target])
    clock = Clock(folder / RUN)
    origin = restore(source)
    parameters, validation = None, None
    if method == FROZEN:
        evaluation = _frozen(origin, few, test, preparation, name)
    else:
        choosing, validation = validating(reduced.data, [target])
        model = fitted(
            config,
            folder,
            from_configurations(few),
            from_configurations(choosing),
            preparation,
            origin if method == FINE_TUNED else None,
        )
        evaluation, parameters = scored(model, test, preparation, name), model.n_parameters
    rows = rows_of(
        evaluation,
        data=f"T={target:g}",
        parameters=parameters,
        spent=clock.spent(),
        validation=validation,
    )
    return [{"definition": reduced.definition, **row} for row in rows]


def _frozen(
    origin: PropensityModel,
    few: Sequence[Configuration],
    test: Sequence[Configuration],
    preparation: Preparation,
    name: str,
) -> Evaluation:
    import numpy as np

    from ..evaluation.score import score
    from ..models.prepared import prepared

    few, test = prepared(origin, few, preparation), prepared(origin, test, preparation)
    weights, intercepts = refit_decoders(origin, few)

    def predict(configuration: Configuration) -> Array:
        features = origin.represent(configuration)
        result = np.empty((weights.shape[2], len(configuration)))
        for t in range(len(weights)):
            mine = configuration.types == t
            result[:, mine] = (features[mine] @ weights[t] + intercepts[t]).T
        return result

    times = few[0].times
    assert times is not None
    return score(predict, times.tolist(), test, model=name, data=name)


def refit_decoders(
    model: PropensityModel, configurations: Sequence[Configuration]
) -> tuple[Array, Array]:
    """Linear decoders on the frozen representation: weights (S, D, T) and intercepts (S, T)."""
    import numpy as np

    from ..models.ridge import ridge

    features = np.concatenate([model.represent(c) for c in configurations])
    types = np.concatenate([c.types for c in configurations])
    targets = np.concatenate([c.propensity.T for c in configurations])  # type: ignore[union-attr]
    scale = features.std(axis=0) + 1e-9
    n_types = int(types.max()) + 1
    weights = np.zeros((n_types, features.shape[1], targets.shape[1]))
    intercepts = np.zeros((n_types, targets.shape[1]))
    for t in range(n_types):
        mine = types == t
        weight, intercepts[t] = ridge(features[mine] / scale, targets[mine])
        weights[t] = weight / scale[:, None]
    return weights, intercepts
