"""The network beside models of other kinds, trained on the same data and inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_splits
from .equivariance import TWIN
from .networks import NETWORKS, SHARES, WIDTHS, able_to_read, chosen_networks, network_stages
from .seeds import seed_curves
from .tuned import TUNED, TUNED_COLUMNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Rivals(Study):
    """The network beside four of other kinds and two models that are solved at once.

    What is trained by steps has the same learning rates to choose from, on the validation data,
    with the first seed. The networks of BOTAN and of Bapst et al. have a quarter of the epochs,
    EIGNN's half of them, each at least one, and the network on descriptors four times as many:
    their steps take about ten times and six times as long as those of the network, and less. The
    column ``core_seconds`` says what each took; with one process descriptors are made once for
    all models that read them. Where none is named, EIGNN's is left out if it cannot read these.
    """

    kind = "rivals"
    help = (
        "the network beside those of BOTAN, of Bapst et al. and EIGNN's, a network and ridge "
        "regression on descriptors, and the coarse-grained energy; learning rates chosen on "
        "validation data, three seeds"
    )
    columns = ("network", *TUNED_COLUMNS)
    fixed = TUNED | {"epochs": SHARES, "widths": WIDTHS}
    networks = tuple(name for name in NETWORKS if NETWORKS[name] != TWIN)
    all_networks = True

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates; then every model, for each seed where it has one."""
        require_splits(plan.data)
        asked = plan.networks or able_to_read(plan.config, self.networks)
        models = chosen_networks(plan.config, asked, 1, 1)  # which the size of a twin follows
        return network_stages(plan, {name: (c, {"network": name}) for name, c in models.items()})

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "network", type_name)
