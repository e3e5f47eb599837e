"""What a study is: the cells it runs, the columns of its table, its figure."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .spent import Spent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.configuration import Configuration
    from ..data.dataset import Dataset
    from ..evaluation.score import Evaluation
    from ..models.se3 import SE3Config
    from ..simulation.preparation import Preparation
    from ..training.config import TrainConfig

Row = dict[str, Any]

# Columns of every study's table, after its own. A row is a type at a time on a test set; "rhos" are
# the correlations of its configurations, in the order of the data, as one text, "tests" says which
# these are, and in which order.
COMMON_COLUMNS = (
    "parameters",
    "seconds",
    "core_seconds",
    "validation",
    "data",
    "type",
    "time",
    "rho",
    "rho_std",
    "pooled",
    "ceiling",
    "n_configurations",
    "rhos",
    "tests",
)
# What chose the epoch of a training, in the column "validation".
VALIDATION_SPLIT, LAST_EPOCH = "validation split", "none, last epoch"


@dataclass(frozen=True)
class Plan:
    """What a study is asked to do.

    Attributes
    ----------
    data
        The data set that the configuration names.
    folder
        The study's folder: a cell finds there what an earlier stage has left.
    quick
        A few cells only, to see that everything runs.
    networks
        The models that are trained, of those that the study has; all where none is named.
    seeds
        Of the networks that are trained several times, one after another from 0.
    learning_rates
        To choose from on the validation data, in studies that do.
    """

    config: TrainConfig
    data: Dataset
    folder: Path
    quick: bool
    preparation: Preparation
    networks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    learning_rates: tuple[float, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One variant of a study.

    Attributes
    ----------
    variant
        Its name, and that of its folder; nothing is ever read out of it.
    task
        A function of the module level, called with the cell's folder and ``arguments`` in a
        process of its own. It returns rows with the common columns.
    columns
        The study's own columns, the same for all of the cell's rows; the task may return further
        ones.
    """

    variant: str
    task: Callable[..., list[Row]]
    arguments: tuple[Any, ...]
    columns: Mapping[str, Any] = field(default_factory=dict)


class Study(ABC):
    """One question, as a grid of trainings. A subclass in a file of its own, and in the registry.

    Attributes
    ----------
    kind
        Its name on the command line.
    help
        One line on what is compared.
    columns
        The columns of its own, between ``variant`` and the common ones.
    own_target
        Whether what is learned is its own choice or must be displacements, and not that of the
        settings.
    fixed
        What it fixes itself and no configuration file says, by name, for its record: a folder is
        not gone on with under another choice, but for further seeds and learning rates.
    networks
        The models that it can train, of :data:`equiglass.studies.networks.NETWORKS`.
    all_networks
        Whether it trains all of these where none is named; else it trains the first.
    """

    kind: ClassVar[str]
    help: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    own_target: ClassVar[bool] = False
    fixed: ClassVar[Mapping[str, Any]] = {}
    networks: ClassVar[tuple[str, ...]] = ()
    all_networks: ClassVar[bool] = False

    @abstractmethod
    def stages(self, plan: Plan) -> list[list[Cell]]:
        """The cells; those of a stage run at the same time, after the stages before.

        Raises
        ------
        InputError
            If the data set does not suit the study.
        """

    def check(self, data: Dataset, preparation: Preparation) -> None:  # noqa: B027
        """Raise InputError, before anything is trained, if something of the data is missing.

        Parameters
        ----------
        data
            Whole, as it is read: that of the plan has no end positions.
        """

    @abstractmethod
    def figure(self, rows: Sequence[Row], type_name: str = "A") -> Figure:
        """The figure of the table's rows."""

    @property
    def table_columns(self) -> tuple[str, ...]:
        """All columns of the table, in order."""
        return ("variant", *self.columns, *COMMON_COLUMNS)

    def time_label(self, rows: Sequence[Row]) -> str:
        """What the column ``time`` counts."""
        return "t (LJ)"


def varied(config: TrainConfig, **changes: object) -> TrainConfig:
    """The same training of a network with other settings.

    Raises
    ------
    InputError
        If the network is not the equivariant one.
    """
    from ..errors import InputError
    from ..models.se3 import SE3Config

    if not isinstance(config.model, SE3Config):
        raise InputError(
            "studies vary the network of one kind", source=config.data.source, field="model.kind",
            expected="se3", found=config.model.kind,
        )  # fmt: skip
    model: SE3Config = SE3Config.model_validate({**config.model.model_dump(), **changes})
    return config.model_copy(update={"model": model})


def require_one_graph(config: TrainConfig) -> None:
    """Raise InputError if the network reads two graphs, which its rivals do not."""
    from ..errors import InputError
    from ..models.inputs import BOTH, UNION
    from ..models.se3 import SE3Config

    model = varied(config).model
    assert isinstance(model, SE3Config)
    graph = model.inputs.graph
    if graph in (UNION, BOTH):
        raise InputError(
            "most models of other kinds read one set of positions", source=config.data.source,
            field="model.inputs.graph", expected="thermal, inherent or cage", found=graph,
        )  # fmt: skip


def require_splits(data: Dataset) -> None:
    """Raise InputError unless the data have the splits train, validation and test."""
    from ..errors import InputError

    found = data.splits
    for split in ("train", "validation", "test"):
        if split not in found:
            raise InputError(
                "a study needs data with the splits train, validation and test",
                source=data.source,
                field=split,
                found=sorted(found),
            )


def rows_of(
    evaluation: Evaluation,
    *,
    data: str,
    parameters: int | None,
    spent: Spent | None,
    validation: str | None,
) -> list[Row]:
    """The common columns, one row for each (type, time).

    Parameters
    ----------
    validation
        What chose the epoch; None where no epoch was chosen.
    """
    from ..evaluation.correlation import mean_and_std

    rows = []
    seconds, core_seconds = (None, None) if spent is None else spent
    for s in evaluation.scores:
        mean, std = mean_and_std(list(s.per_configuration))
        values = (
            parameters, seconds, core_seconds, validation, data, s.type, s.time, mean, std,
            s.pooled, s.ceiling, len(s.per_configuration), text_of(s.per_configuration),
            print_of(evaluation.configurations),
        )  # fmt: skip
        rows.append(dict(zip(COMMON_COLUMNS, values, strict=True)))
    return rows


def text_of(rhos: Sequence[float]) -> str:
    """The correlations of single configurations as the column ``rhos`` has them."""
    return " ".join(f"{rho:.5f}" for rho in rhos)


def print_of(tests: Iterable[Configuration]) -> str:
    """Fingerprint of snapshots in their order, by which the rows of two tables are paired.

    It begins with a sign that no number has.
    """
    digest = hashlib.sha256()
    for c in tests:
        digest.update(c.positions.tobytes() + c.types.tobytes())
    return f"#{digest.hexdigest()[:12]}"


def rhos_of(row: Row) -> list[float]:
    """The correlation of each test configuration; none in tables without the column."""
    found = row.get("rhos")
    return [] if found is None else [float(rho) for rho in str(found).split()]
