"""Which inputs: thermal, inherent and cage positions, alone and together, and energies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Cell, Plan, Row, Study, require_splits, varied
from .networks import COARSE, EIGNN, NETWORKS, SHARES, chosen_networks, network_stages
from .seeds import of_networks, seed_curves
from .tuned import TUNED, TUNED_COLUMNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..training.config import TrainConfig

THERMAL, INHERENT, CAGE = "thermal", "inherent", "cage"
BOTH = "thermal+inherent+energies"
THERMAL_GRAPH = "thermal-graph"


class Inputs(Study):
    """Positions and energies that the network is given, and its rivals if they are asked for.

    Each model has the same learning rates to choose from on each set of inputs, with the first
    seed.
    """

    kind = "inputs"
    help = (
        "thermal, inherent and cage positions, alone and together, with and without energies; "
        "learning rates chosen on validation data, three seeds"
    )
    columns = ("network", "inputs", "graph", "energies", "displacements", *TUNED_COLUMNS)
    fixed = TUNED | {"epochs": SHARES}
    # Most sets lack what EIGNN's network reads; the coarse energy is the same whatever the set.
    networks = tuple(name for name in NETWORKS if NETWORKS[name] not in (EIGNN, COARSE))

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates, then a model for each set of inputs and seed.

        Sets with cages are there where the data have them.
        """
        require_splits(plan.data)
        first = plan.data.splits["train"][0]
        n_times = 1 if first.times is None else len(first.times)
        variants: dict[str, tuple[TrainConfig, Row]] = {}
        for chosen in _sets(plan.quick, all(c.cage_positions is not None for c in plan.data)):
            config = varied(plan.config, inputs=chosen.settings())
            models = chosen_networks(config, plan.networks, first.n_types, n_times)
            for network, settings in models.items():
                columns = {"network": network, **chosen.columns()}
                variants[f"{network},{chosen.name}"] = settings, columns
        return network_stages(plan, variants)

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(of_networks(rows, "inputs"), "inputs", type_name)


class InputSet(NamedTuple):
    """One variant: between which positions edges are drawn, and what particles carry."""

    name: str
    graph: str
    energies: tuple[str, ...] = ()
    displacements: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Of the model."""
        return {k: v for k, v in self._asdict().items() if k != "name"}

    def columns(self) -> Row:
        """Of the table."""
        return {
            "inputs": self.name,
            "graph": self.graph,
            "energies": " ".join(self.energies),
            "displacements": " ".join(self.displacements),
        }


def _sets(quick: bool, has_cages: bool) -> list[InputSet]:
    both = (THERMAL, INHERENT)
    sets = [
        InputSet("thermal", THERMAL),
        InputSet("inherent", INHERENT),
        InputSet(BOTH, INHERENT, both, (INHERENT,)),
    ]
    if quick:
        return sets
    sets += [
        InputSet("thermal+energy", THERMAL, (THERMAL,)),
        InputSet("inherent+energy", INHERENT, (INHERENT,)),
        InputSet("thermal+inherent", INHERENT, (), (INHERENT,)),
        # As much, but edges between thermal positions: what short times depend on.
        InputSet(f"{BOTH},{THERMAL_GRAPH}", THERMAL, both, (INHERENT,)),
    ]
    if has_cages:
        sets += [
            InputSet("cage", CAGE),
            InputSet("thermal+cage", CAGE, (), (CAGE,)),
            InputSet("everything", INHERENT, both, (INHERENT, CAGE)),
            InputSet(f"everything,{THERMAL_GRAPH}", THERMAL, both, (INHERENT, CAGE)),
        ]
    return sets
