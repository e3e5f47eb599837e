"""Which inputs: thermal, inherent and cage positions, alone and together, and energies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .base import Cell, Plan, Row, Study, require_splits, varied
from .seeds import SEEDED, seed_curves, seeds_of, with_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THERMAL, INHERENT, CAGE = "thermal", "inherent", "cage"


class Inputs(Study):
    """Positions and energies that the network is given."""

    kind = "inputs"
    help = (
        "thermal, inherent and cage positions, alone and together, with and without energies; "
        "three seeds"
    )
    columns = ("inputs", "graph", "energies", "displacements", "seed")
    fixed = SEEDED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each set of inputs and seed; those with cages where the data have them."""
        from .cells import train_and_score

        require_splits(plan.data)
        cells = []
        for chosen in _sets(plan.quick, plan.data[0].cage_positions is not None):
            settings = {
                "graph": chosen.graph,
                "energies": chosen.energies,
                "displacements": chosen.displacements,
            }
            for seed in seeds_of(plan.quick):
                name = f"{chosen.name},seed={seed}"
                config = with_seed(varied(plan.config, inputs=settings), seed)
                columns = {
                    "inputs": chosen.name,
                    "graph": chosen.graph,
                    "energies": " ".join(chosen.energies),
                    "displacements": " ".join(chosen.displacements),
                    "seed": seed,
                }
                cells.append(Cell(name, train_and_score, (name, config, plan.preparation), columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "inputs", type_name)


class InputSet(NamedTuple):
    """One variant: between which positions edges are drawn, and what particles carry."""

    name: str
    graph: str
    energies: tuple[str, ...] = ()
    displacements: tuple[str, ...] = ()


def _sets(quick: bool, has_cages: bool) -> list[InputSet]:
    both = (THERMAL, INHERENT)
    sets = [
        InputSet("thermal", THERMAL),
        InputSet("inherent", INHERENT),
        InputSet("thermal+inherent+energies", INHERENT, both, (INHERENT,)),
    ]
    if quick:
        return sets
    sets += [
        InputSet("thermal+energy", THERMAL, (THERMAL,)),
        InputSet("inherent+energy", INHERENT, (INHERENT,)),
        InputSet("thermal+inherent", INHERENT, (), (INHERENT,)),
    ]
    if has_cages:
        sets += [
            InputSet("cage", CAGE),
            InputSet("thermal+cage", CAGE, (), (CAGE,)),
            InputSet("everything", INHERENT, both, (INHERENT, CAGE)),
            # The same, but edges between thermal positions: what short times depend on.
            InputSet("everything,thermal-graph", THERMAL, both, (INHERENT, CAGE)),
        ]
    return sets
