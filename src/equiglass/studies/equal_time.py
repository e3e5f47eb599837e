"""The networks of the study of equivariance, trained for the same processor time."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import Cell, Plan, Row, Study, require_splits
from .equivariance import TWIN, sized
from .rates import RATES
from .seeds import seed_curves
from .spent import Clock
from .tuned import TUNED, TUNED_COLUMNS, tuned_cells, with_epochs, with_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

TIMED = (1, 3)  # epochs of the trainings that are timed
TIMINGS = 4  # of each: on a busy machine two can be far from what a long training takes
MOST = 10  # times the epochs of the configuration file
TIMING, EPOCHS = "timing", "epochs.json"

Times = Sequence[Sequence[float]]  # core seconds (timings, len(TIMED))


class EqualTime(Study):
    """Networks as large as the one that is configured, trained for as long as it.

    Before anything else all are timed, one after another in one process. What a network then has
    of epochs (:func:`as_long`) is of its trials of learning rates, too, so that these are as many
    and take as long for each.
    """

    kind = "equal-time"
    help = (
        "the networks of equivariance, as large, and each with as many epochs as take the "
        "processor time of the network that is configured, rounded up: a slower one has fewer; "
        "learning rates chosen on validation data with these epochs, three seeds"
    )
    columns = ("network", "l_max", "channels", "epochs", *TUNED_COLUMNS)
    fixed = TUNED | {"timed_epochs": TIMED, "timings": TIMINGS, "most_epochs": MOST}

    def stages(self, plan: Plan) -> list[list[Cell]]:
        """The timing of all networks; trials of learning rates; a network for each seed."""
        require_splits(plan.data)
        networks = sized(plan)
        configs = {network: config for network, (config, _) in networks.items()}
        reference = [network for network in networks if network != TWIN][-1]
        arguments = (configs, reference, plan.preparation, 1 if plan.quick else TIMINGS)
        timing = Cell(TIMING, time_networks, arguments)
        stages: list[list[Cell]] = [[timing], [], []]
        chosen = plan.folder / TIMING / EPOCHS
        for network, asked in networks.items():
            for stage, cells in zip(stages[1:], tuned_cells(plan, {network: asked}), strict=True):
                stage += [
                    replace(c, task=at_chosen, arguments=(c.task, chosen, network, c.arguments))
                    for c in cells
                ]
        return stages

    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """ρ against time, with the range over seeds."""
        return seed_curves(rows, "network", type_name)


def time_networks(
    folder: Path,
    configs: Mapping[str, TrainConfig],
    reference: str,
    preparation: Preparation,
    n_timings: int,
) -> list[Row]:
    """Time short trainings of all networks in turn, and keep how many epochs each gets.

    What was once kept stays, since trainings with these epochs may exist. No rows of a table.
    """
    from ..training.sources import open_data
    from ..written import write_json
    from .cells import RUN, fitted

    if (folder / EPOCHS).is_file():
        return []
    splits = open_data(configs[reference]).dataset.splits
    times: dict[str, list[list[float]]] = {network: [] for network in configs}
    for _ in range(n_timings):
        for network, config in configs.items():
            taken = []
            for epochs in TIMED:
                # Of a timing that was stopped.
                shutil.rmtree(folder / RUN, ignore_errors=True)
                clock = Clock()
                asked = with_epochs(with_rate(config, RATES[0]), epochs)
                fitted(asked, folder, splits["train"], splits["validation"], preparation)
                taken.append(clock.spent().core_seconds or 0.0)
            times[network].append(taken)
    shutil.rmtree(folder / RUN)
    chosen = as_long(times, reference, configs[reference].optimizer.epochs)
    write_json(
        folder / EPOCHS,
        {"as_long_as": reference, "epochs": chosen, "timed_epochs": TIMED, "core_seconds": times},
    )
    return []


def as_long(times: Mapping[str, Times], reference: str, epochs: int) -> dict[str, int]:
    """Epochs with which each network takes at least about as long as the reference with its own.

    Parameters
    ----------
    times
        Of each network the core seconds of trainings of so many epochs as :data:`TIMED` says, a
        row for each timing. The least count, since what else the machine does only adds to them.

    Returns
    -------
    Whole numbers, rounded up, at least one and at most :data:`MOST` times ``epochs``; for a network
    slower than the reference fewer than that has.
    """
    costs = {network: _cost(of_network) for network, of_network in times.items()}
    before, each = costs[reference]
    whole = before + each * epochs
    return {
        network: epochs
        if network == reference
        else min(max(1, math.ceil((whole - before) / each)), MOST * epochs)
        for network, (before, each) in costs.items()
    }


def _cost(times: Times) -> tuple[float, float]:
    """Core seconds before the first epoch, and of each epoch.

    Where the longer training took no longer, all is counted as of epochs.
    """
    one, other = TIMED
    short, long = (min(column) for column in zip(*times, strict=True))
    each = (long - short) / (other - one)
    before = short - one * each
    return (before, each) if each > 0 and before > 0 else (0.0, long / other)


def at_chosen(
    folder: Path,
    task: Callable[..., list[Row]],
    chosen: Path,
    network: str,
    arguments: tuple[Any, ...],
) -> list[Row]:
    """A cell's task, its configuration with the epochs that were chosen for the network."""
    from ..training.config import TrainConfig
    from ..written import read_json

    epochs = read_json(chosen)["epochs"][network]
    own = [with_epochs(a, epochs) if isinstance(a, TrainConfig) else a for a in arguments]
    return [{"epochs": epochs, **row} for row in task(folder, *own)]
