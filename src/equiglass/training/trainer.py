"""Lightning's trainer, set up for a run: checkpoints, loggers, devices, precision."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch.nn.parallel import DistributedDataParallel

from . import processes
from .config import TrainConfig
from .folder import LAST

# Weights and samples have their dtype already, float64 too; Lightning has nothing to convert.
LIGHTNING_PRECISION: dict[str, Any] = {
    "float32": "32-true",
    "float64": "32-true",
    "tf32": "32-true",
    "bfloat16": "bf16-mixed",
}


def checkpoints(folder: Path) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """The best epoch by validation, and every epoch, from which a run is resumed.

    Two, because ``save_last`` writes only when the best improves: a resumed run would go back to
    it.
    """
    best, every = (
        ModelCheckpoint(
            folder / "checkpoints",
            filename=name,
            monitor=monitor,
            mode="max",
            enable_version_counter=False,
        )
        for name, monitor in (("best", "validation_rho"), (Path(LAST).stem, None))
    )
    return best, every


def build_trainer(
    config: TrainConfig,
    folder: Path,
    callbacks: Sequence[Callback],
    *,
    validates: bool,
    progress: bool,
    accelerator: str = "auto",
) -> lightning.Trainer:
    """A trainer whose results are a function of the settings and the data."""
    every = [*callbacks]
    if config.optimizer.patience is not None and validates:
        every.append(
            EarlyStopping("validation_rho", mode="max", patience=config.optimizer.patience)
        )
    loggers: list[Any] = [
        CSVLogger(folder, name="logs", version=""),
        TensorBoardLogger(folder, name="logs", version=""),
    ]
    n_processes, per_machine = processes.world_size(), processes.per_machine()
    strategy: str | Strategy = "auto"
    if n_processes > 1:
        # Statistics of batches are synchronised, so buffers agree without being sent around; and
        # validation, in which processes may differ in their number of steps, has no collectives.
        known = inspect.signature(DistributedDataParallel).parameters
        # The newer name of the same option.
        name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"
        strategy = DDPStrategy(**{name: False}, gradient_as_bucket_view=True)  # type: ignore[arg-type]
    torch.set_float32_matmul_precision("high" if config.precision == "tf32" else "highest")
    return lightning.Trainer(
        accelerator=accelerator,
        devices=per_machine,
        num_nodes=n_processes // per_machine,
        strategy=strategy,
        use_distributed_sampler=False,
        precision=LIGHTNING_PRECISION[config.precision],
        max_epochs=config.optimizer.epochs,
        gradient_clip_val=config.optimizer.gradient_clip,
        callbacks=every,
        logger=loggers,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        limit_val_batches=None if validates else 0,
        deterministic=True,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Without Lightning's hints on hardware and hosted services, which are not about the run."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # One process loads samples that are in memory; more workers would only copy them.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
        # With several processes one may have no configuration to validate on.
        warnings.filterwarnings("ignore", message=".*was called before the ``update``.*")
        # The correlations are those of all processes already.
        warnings.filterwarnings("ignore", message=".*recommended to use .self.log.*sync_dist.*")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
        yield
