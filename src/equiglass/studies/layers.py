"""What each layer holds: densities and bond order that a linear map reads off it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import (
    COMMON_COLUMNS,
    VALIDATION_SPLIT,
    Cell,
    Plan,
    Row,
    Study,
    print_of,
    require_splits,
    text_of,
    varied,
)
from .seeds import SEEDED, with_seed
from .spent import Clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.configuration import Configuration
    from ..models.propensity import PropensityModel
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

DENSITY, BOND_ORDER, DEGREE = "density of A", "q_6", 6
MOST_FITTED = 8


class Layers(Study):
    """Networks of three seeds; from the layers of each, linear maps to fields around a particle.

    A row is of a layer (0 is the input), a field and the radius of its shell, which stands in the
    column ``time``. ``rho`` is the correlation of what the map reads with the field. The maps are
    fitted on at most eight training configurations.
    """

    kind = "layers"
    help = (
        "how well the density and the bond order in shells of growing radius can be read off each "
        "layer by a linear map; three seeds"
    )
    columns = ("layer", "field", "seed")
    fixed = SEEDED | {"most_fitted": MOST_FITTED}

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each seed."""
        require_splits(plan.data)
        cells = []
        for seed in plan.seeds:
            name = f"seed={seed}"
            arguments = (with_seed(varied(plan.config), seed), plan.preparation)
            cells.append(Cell(name, train_and_probe, arguments, {"seed": seed}))
        return [cells]

    def time_label(self, rows: Sequence[Row]) -> str:
        """The radius of the shell."""
        return "radius of the shell (σ)"

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """Correlation against the radius, a curve for each layer; mean over seeds."""
        import numpy as np
        from matplotlib import colormaps

        from ..drawing import blank_figure
        from .figures import of_type, rho

        mine = of_type(rows, type_name)
        layers = sorted({row["layer"] for row in mine})
        colors = colormaps["viridis"](np.linspace(0, 0.92, len(layers)))
        figure, axes = blank_figure(1, 2, size=(9.5, 4))
        for axis, field in zip(np.atleast_1d(axes), (DENSITY, BOND_ORDER), strict=True):
            for layer, color in zip(layers, colors, strict=True):
                curve = [r for r in mine if (r["layer"], r["field"]) == (layer, field)]
                radii = sorted({r["time"] for r in curve})
                means = [np.nanmean([rho(r) for r in curve if r["time"] == x]) for x in radii]
                axis.plot(radii, means, "o-", ms=3, color=color, label=f"layer {layer}")
            axis.set(xlabel="radius (σ)", title=field)
            axis.grid(alpha=0.25)
        np.atleast_1d(axes)[0].set_ylabel("correlation of linear map and field")
        np.atleast_1d(axes)[0].legend(fontsize=8, frameon=False)
        return figure


def train_and_probe(folder: Path, config: TrainConfig, preparation: Preparation) -> list[Row]:
    """Train, then read fields off the layers for the test configurations."""
    from ..evaluation.correlation import mean_and_std
    from ..models.prepared import prepared
    from ..training.sources import open_data
    from .cells import RUN, fitted

    data = open_data(config).dataset
    splits = data.splits
    clock = Clock(folder / RUN)
    model = fitted(config, folder, splits["train"], splits["validation"], preparation)
    spent = clock.spent()
    fit = prepared(model, list(splits["train"][:: _step(len(splits["train"]))]), preparation)
    test = prepared(model, list(splits["test"]), preparation)
    rows: list[Row] = []
    for layer, field, radius, rhos in probed(model, fit, test):
        mean, std = mean_and_std(rhos)
        values = (
            model.n_parameters, *spent, VALIDATION_SPLIT, data.source, "A", radius, mean, std,
            None, None, len(rhos), text_of(rhos), print_of(test),
        )  # fmt: skip
        own = {"layer": layer, "field": field}
        rows.append({**own, **dict(zip(COMMON_COLUMNS, values, strict=True))})
    return rows


def _step(n: int) -> int:
    return -(-n // MOST_FITTED)


def probed(
    model: PropensityModel, fit: Sequence[Configuration], test: Sequence[Configuration]
) -> list[tuple[int, str, float, list[float]]]:
    """Layer, field, radius, and the correlation of map and field on each test configuration."""
    import numpy as np

    from ..analysis.probes import layer_invariants, linear_map, shells_of
    from ..evaluation.correlation import pearson
    from ..models.descriptors import descriptors
    from ..models.ridge import groups_of

    settings = shells_of(model)
    columns = settings.columns(model.n_types)
    chosen = [
        k for k, c in enumerate(columns) if (c.kind, c.of) in (("radial", 0), ("angular", DEGREE))
    ]

    def read(configuration: Configuration) -> tuple[list[Any], Any]:
        mine = configuration.types == 0
        layers = [x[mine] for x in layer_invariants(model, configuration)]
        return layers, descriptors(configuration, settings, model.n_types)[mine][:, chosen]

    known, asked = [read(c) for c in fit], [read(c) for c in test]
    fields = np.concatenate([y for _, y in known])
    groups = groups_of(fit)[np.concatenate([c.types == 0 for c in fit])]
    rows = []
    for layer in range(len(known[0][0])):
        mapped = linear_map(np.concatenate([x[layer] for x, _ in known]), fields, groups)
        found = [(mapped(x[layer]), y) for x, y in asked]
        for n, k in enumerate(chosen):
            field = DENSITY if columns[k].kind == "radial" else BOND_ORDER
            rhos = [pearson(a[:, n], b[:, n]) for a, b in found]
            rows.append((layer, field, round(columns[k].radius, 2), rhos))
    return rows
