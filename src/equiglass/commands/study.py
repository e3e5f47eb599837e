"""``equiglass study``: a grid of trainings that answers one question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ..extras import need
from .options import Making, PathLike, check_output, preparation_of
from .places import check_results
from .train import settings_of

if TYPE_CHECKING:
    from ..training.config import TrainConfig


def study(
    kind: str,
    config: PathLike | TrainConfig,
    output: PathLike,
    *,
    quick: bool = False,
    networks: Sequence[str] | None = None,
    seeds: int | None = None,
    learning_rates: Sequence[float] | None = None,
    n_processes: int = 1,
    scheduler: str | None = None,
    **options: Unpack[Making],
) -> list[dict[str, Any]]:
    """Answer one of the paper's questions with a grid of trainings: table and figure.

    The same call continues a stopped one.

    Parameters
    ----------
    kind
        One of :data:`equiglass.studies.registry.STUDIES`.
    networks
        Models to train, of :data:`equiglass.studies.networks.NETWORKS`, where the study has the
        choice; by default the equivariant network, in that of rivals all it has.
    seeds
        How many networks of each kind are trained, by default three; more go on with a study of
        fewer.
    learning_rates
        To choose from on the validation data, by default those that the folder's study was begun
        with, or :data:`equiglass.studies.rates.RATES`; more go on with a study of fewer.
    n_processes, scheduler
        Variants trained at the same time, or on the workers of this Dask scheduler.
    options
        See :class:`equiglass.commands.options.Making`.

    Raises
    ------
    InputError
        As :func:`equiglass.studies.run.study`, whose rows this returns.
    """
    need("lightning", "tensorboard", "torchmetrics", why="training")
    from ..studies.run import study as run_study

    target, settings = check_output(output, folder=True), settings_of(config)
    check_results([target], settings.data.path)
    how = preparation_of(options)
    return run_study(
        kind,
        settings,
        target,
        quick=quick,
        networks=networks,
        seeds=seeds,
        learning_rates=learning_rates,
        n_processes=n_processes,
        scheduler=scheduler,
        progress=how.progress,
        preparation=how,
    )
