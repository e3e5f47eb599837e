"""Lightning's trainer, set up for a run: checkpoints, loggers, devices, precision."""

from __future__ import annotations

import csv
import inspect
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch.nn.parallel import DistributedDataParallel

from ..written import make_folder, naming, whole, write_text
from . import processes
from .config import TrainConfig
from .folder import BEST, CHECKPOINTS, LAST

# Weights and samples have their dtype already, float64 too; Lightning has nothing to convert.
LIGHTNING_PRECISION: dict[str, Any] = {
    "float32": "32-true",
    "float64": "32-true",
    "tf32": "32-true",
    "bfloat16": "bf16-mixed",
}


class FolderCheckpoint(ModelCheckpoint):
    """A checkpoint that knows its files by their place in the run folder.

    Lightning stores absolute paths, and forgets the best epoch so far where a folder was moved.
    """

    @property
    def state_key(self) -> str:
        # That of the class it replaces: runs begun before go on.
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        assert self.dirpath is not None
        folder = Path(self.dirpath)

        def here(path: str) -> str:
            return str(folder / Path(path).name) if path else path

        state = {**state_dict, "dirpath": str(self.dirpath)}
        for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
            state[name] = here(state.get(name, ""))
        scores = state.get("best_k_models", {})
        state["best_k_models"] = {here(path): score for path, score in scores.items()}
        super().load_state_dict(state)


def checkpoints(folder: Path) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """The best epoch by validation, and every epoch, from which a run is resumed.

    Two, because ``save_last`` writes only when the best improves: a resumed run would go back to
    it.
    """
    best, every = (
        FolderCheckpoint(
            folder / CHECKPOINTS,
            filename=Path(name).stem,
            monitor=monitor,
            mode="max",
            enable_version_counter=False,
        )
        for name, monitor in ((BEST, "validation_rho"), (LAST, None))
    )
    return best, every


def csv_logger(folder: Path, n_epochs: int) -> CSVLogger:
    """``logs/metrics.csv``, which keeps its rows of the first ``n_epochs`` epochs.

    Lightning's logger begins an empty file where there is one.
    """
    file = folder / "logs" / "metrics.csv"
    kept: list[dict[str, Any]] = []
    first = processes.rank() == 0
    if first and n_epochs and file.is_file():
        with file.open(newline="") as rows:
            kept = [row for row in csv.DictReader(rows) if _is_before(row.get("epoch"), n_epochs)]
    logger = CSVLogger(folder, name="logs", version="")
    if first:
        with naming(file):
            logger._experiment = _Rows(file, kept)
    return logger


class _Rows(ExperimentWriter):
    """The rows of a run's log, written as a whole each time.

    Lightning's own deletes the file when a run is resumed, before it writes the next row.
    """

    def __init__(self, file: Path, rows: list[dict[str, Any]]) -> None:
        super().__init__(str(file.parent))
        self.rows = rows

    def _check_log_dir_exists(self) -> None:
        pass

    def save(self) -> None:
        self.rows += self.metrics
        self.metrics = []
        if not self.rows:
            return
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, sorted({key for row in self.rows for key in row}))
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(Path(self.metrics_file_path), text.getvalue())


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or not there; Lightning's own may be cut off by a full disk."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        file = Path(path)
        make_folder(file.parent)
        with whole(file) as partial, partial.open("wb") as out:
            torch.save(checkpoint, out)


def _is_before(epoch: str | None, n_epochs: int) -> bool:
    return epoch is not None and epoch.isdecimal() and int(epoch) < n_epochs


def build_trainer(
    config: TrainConfig,
    folder: Path,
    callbacks: Sequence[Callback],
    *,
    validates: bool,
    progress: bool,
    accelerator: str = "auto",
    n_epochs_done: int = 0,
) -> lightning.Trainer:
    """A trainer whose results are a function of the settings and the data.

    ``n_epochs_done`` is how many epochs a run that is continued has finished.
    """
    every = [*callbacks]
    if config.optimizer.patience is not None and validates:
        # An epoch whose correlation is not defined is one without better validation, not the end.
        every.append(
            EarlyStopping(
                "validation_rho", mode="max", patience=config.optimizer.patience,
                check_finite=False,
            )
        )  # fmt: skip
    loggers: list[Any] = [
        csv_logger(folder, n_epochs_done),
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
        plugins=[WholeCheckpoints()],
        logger=loggers,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        limit_val_batches=None if validates else 0,
        deterministic=True,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
