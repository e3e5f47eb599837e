"""Which inputs: thermal, inherent and cage positions, alone and together, and energies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .base import Cell, Plan, Row, Study, require_splits, varied

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THERMAL, INHERENT, CAGE = "thermal", "inherent", "cage"


class Inputs(Study):
    """Positions and energies that the network is given."""

    kind = "inputs"
    help = "thermal, inherent and cage positions, alone and together, with and without energies"
    columns = ("graph", "energies", "displacements")

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """A network for each set of inputs; those with cages where the data have them."""
        from .cells import train_and_score

        require_splits(plan.data)
        cells = []
        for chosen in _sets(plan.quick, plan.data[0].cage_positions is not None):
            settings = {
                "graph": chosen.graph,
                "energies": chosen.energies,
                "displacements": chosen.displacements,
            }
            arguments = (chosen.name, varied(plan.config, inputs=settings), plan.preparation)
            columns = {
                "graph": chosen.graph,
                "energies": " ".join(chosen.energies),
                "displacements": " ".join(chosen.displacements),
            }
            cells.append(Cell(chosen.name, train_and_score, arguments, columns))
        return [cells]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time."""
        from .figures import curves

        return curves(rows, type_name, ordered=False)


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
