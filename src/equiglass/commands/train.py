"""``equiglass train``: a network and its run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..data.dataset import Data, Dataset, as_dataset
from ..extras import need
from .options import PathLike, Preparing, check_output, preparation_of

if TYPE_CHECKING:
    from ..models.propensity import PropensityModel
    from ..training.config import TrainConfig


def train(
    config: PathLike | TrainConfig,
    run: PathLike,
    *,
    resume: bool = False,
    data: Data | None = None,
    validation: Data | None = None,
    start: PropensityModel | None = None,
    accelerator: str = "auto",
    **options: Unpack[Preparing],
) -> PropensityModel:
    """Train a model; the run folder keeps settings, logs, checkpoints and the model.

    Parameters
    ----------
    config
        A YAML file or a :class:`equiglass.training.config.TrainConfig`.
    run
        The run folder; it must not exist, unless ``resume``.
    data, validation
        Data to use instead of those that the configuration names.
    options
        See :class:`equiglass.commands.options.Preparing`; the rest is that of
        :func:`equiglass.training.run.train`.

    Raises
    ------
    InputError
        If the folder is in use, or belongs to other settings, or the data do not fit.
    """
    need("lightning", "tensorboard", "torchmetrics", why="training")
    from ..training.corresponding import corresponding
    from ..training.run import train as run_training

    target, how = check_output(run, folder=True), preparation_of(options)
    settings = settings_of(config)

    def given(one: Data | None) -> Dataset | None:
        return None if one is None else corresponding(as_dataset(one), settings.data.grid)

    return run_training(
        settings,
        target,
        data=given(data),
        validation=given(validation),
        resume=resume,
        start=start,
        accelerator=accelerator,
        progress=how.progress,
        preparation=how,
    )


def settings_of(config: PathLike | TrainConfig) -> TrainConfig:
    """The settings of a training, from a file where they are not given as such."""
    import os

    from ..training.config import TrainConfig, load_config

    return config if isinstance(config, TrainConfig) else load_config(os.fspath(config))
