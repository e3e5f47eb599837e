"""The model of a run that was stopped: its best epoch so far."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import torch

from ..errors import AssumptionWarning, InputError
from ..models.description import WEIGHTS
from ..models.propensity import ModelCard, PropensityModel
from ..written import read_json
from ..yaml_config import load_yaml
from .config import TrainConfig
from .folder import BEST, CHECKPOINTS, CONFIG, DATA, LAST, PREPARATION, read_checkpoint


def is_stopped(model: str | os.PathLike[str]) -> bool:
    """Whether this is the folder of a run that has finished epochs and no model."""
    run = Path(model)
    has_epochs = (run / CHECKPOINTS / LAST).is_file() and (run / CONFIG).is_file()
    return has_epochs and not (run / "model" / WEIGHTS).is_file()


def stopped_model(run: str | os.PathLike[str]) -> PropensityModel:
    """The model with the weights of the best epoch, or, without validation, of the last.

    It records the potential of the run, and no training domain, which is taken when a training
    ends.

    Raises
    ------
    InputError
        If the run folder is damaged.

    Warns
    -----
    AssumptionWarning
        That the training is not finished.
    """
    folder = Path(run)
    config = load_yaml(folder / CONFIG, TrainConfig)
    best = folder / CHECKPOINTS / BEST
    file = best if best.is_file() else best.with_name(LAST)
    state = read_checkpoint(file)
    # What was validated, and would have been kept.
    prefix = "averaged.model." if config.optimizer.average else "model."
    record = folder / PREPARATION
    weights = {
        name.removeprefix(prefix): tensor
        for name, tensor in state["state_dict"].items()
        if name.startswith(prefix)
    }
    try:
        times = tuple(float(time) for time in read_json(folder / DATA)["times"])
        mean = weights["target_mean"]
        card = ModelCard(
            folder.name, config.data.source, notes={"epoch": int(state["epoch"])},
            preparation=read_json(record) if record.is_file() else None,
            target=config.data.target,
        )  # fmt: skip
        model = PropensityModel(config.model, len(mean), times, card=card).to(mean.dtype)
        model.load_state_dict(weights)
        model.grid = config.data.grid
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"does not fit the settings of the run ({reason})", source=file) from error
    warnings.warn(
        f"{folder}: the training is not finished; these are the weights of epoch "
        f"{int(state['epoch'])}, {'the best so far' if file == best else 'the last'}",
        AssumptionWarning,
        stacklevel=2,
    )
    model.eval()
    return model.to("cuda") if torch.cuda.is_available() else model
