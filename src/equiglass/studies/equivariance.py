"""What equivariance pays: degrees of features at equal parameters, and a twin without symmetry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from .base import Cell, Plan, Row, Study, require_one_graph, require_splits, varied
from .seeds import seed_curves
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..models.base import NetworkSettings
    from ..training.config import TrainConfig

MOST_CHANNELS = 512
TWIN = "twin"


class Equivariance(Study):
    """The network with l_max = 0 up to what is configured, and its twin, all as large.

    Each has the same learning rates to choose from, on the validation data, with the first seed.
    """

    kind = "equivariance"
    help = (
        "features of l_max = 0 up to the one that is configured, and a twin that reads components "
        "of vectors as numbers, on rotated copies: channels chosen so that all have as many "
        "parameters; learning rates chosen on validation data, three seeds"
    )
    columns = ("network", "l_max", "channels", *TUNED_COLUMNS)
    fixed = TUNED

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """Trials of learning rates; then a network of each kind for each seed."""
        require_splits(plan.data)
        return [*tuned_cells(plan, sized(plan))]

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "network", type_name)


def sized(plan: Plan) -> dict[str, tuple[TrainConfig, Row]]:
    """Steerable networks and the twin, each of about as many parameters as the one configured."""
    from ..models.se3 import SE3Config
    from ..models.twin import TwinConfig

    first = plan.data.splits["train"][0]
    n_types, n_times = first.n_types, 1 if first.times is None else len(first.times)
    configured = varied(plan.config).model
    assert isinstance(configured, SE3Config)
    target = n_parameters(configured, n_types, n_times)
    degrees = range(min(configured.l_max, 1) + 1 if plan.quick else configured.l_max + 1)
    makes: dict[str, Callable[[int], TrainConfig]] = {
        **{f"l_max={l}": partial(steerable_of, plan.config, l) for l in degrees},
        TWIN: partial(twin_of, plan.config),
    }
    found: dict[str, tuple[TrainConfig, Row]] = {}
    for network, make in makes.items():
        channels = matched(partial(size_of, make, n_types, n_times), target)
        config = make(channels)
        assert isinstance(config.model, (SE3Config, TwinConfig))
        columns = {"network": network, "l_max": config.model.l_max, "channels": channels}
        found[network] = config, columns
    return found


def steerable_of(config: TrainConfig, l_max: int, channels: int) -> TrainConfig:
    """The training of the equivariant network with features of another degree."""
    return varied(config, l_max=l_max, channels=channels)


def twin_of(config: TrainConfig, channels: int) -> TrainConfig:
    """The training of the twin of an equivariant network: what both have is as it is there.

    Filters are of l_max = 1 at least, without which no direction is known.
    """
    from ..models.twin import TwinConfig

    require_one_graph(config)
    own = varied(config).model.model_dump()
    shared = {k: own[k] for k in TwinConfig.model_fields if k in own and k != "kind"}
    shared |= {"channels": channels, "l_max": max(own["l_max"], 1)}
    return config.model_copy(update={"model": TwinConfig.model_validate(shared)})


def twin_as_large(config: TrainConfig, n_types: int, n_times: int) -> TrainConfig:
    """The training of the twin of about as many parameters as the network that is configured."""
    make = partial(twin_of, config)
    target = n_parameters(varied(config).model, n_types, n_times)
    return make(matched(partial(size_of, make, n_types, n_times), target))


def n_parameters(config: NetworkSettings, n_types: int, n_times: int) -> int:
    """Trained parameters of a network of these settings."""
    from ..models.registry import build_network

    return sum(p.numel() for p in build_network(config, n_types, n_times).parameters())


def size_of(make: Callable[[int], TrainConfig], n_types: int, n_times: int, channels: int) -> int:
    """Parameters of the network of so many channels."""
    return n_parameters(make(channels).model, n_types, n_times)


def matched(count: Callable[[int], int], target: int) -> int:
    """The number of channels whose count of parameters, which grows with it, is nearest."""
    high = 2
    while high < MOST_CHANNELS and count(high) < target:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= target else (low, middle)
    return min((low, high), key=lambda c: abs(count(c) - target))
