"""``equiglass cross-validate``: every configuration held out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from ..extras import need
from .options import Making, PathLike, check_output, preparation_of
from .train import settings_of

if TYPE_CHECKING:
    from ..training.config import TrainConfig


def cross_validate(
    config: PathLike | TrainConfig,
    output: PathLike,
    *,
    n_folds: int = 5,
    n_processes: int = 1,
    **options: Unpack[Making],
) -> dict[str, Any]:
    """Train once per fold and score the configurations that were held out, whole.

    The same call continues a stopped one.

    Parameters
    ----------
    n_processes
        Folds that are trained at the same time.
    options
        See :class:`equiglass.commands.options.Making`.

    Raises
    ------
    InputError
        As :func:`equiglass.training.cross_validation.cross_validate`, whose result this is.
    """
    need("lightning", "tensorboard", "torchmetrics", why="training")
    from ..training.cross_validation import cross_validate as run_folds

    target = check_output(output, folder=True)
    how = preparation_of(options)
    return run_folds(
        settings_of(config),
        target,
        n_folds=n_folds,
        n_processes=n_processes,
        progress=how.progress,
        preparation=how,
    )
