"""The Lightning module: loss, validation metric, optimiser."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import lightning
import torch
from torch import nn
from torchmetrics import MeanMetric, PearsonCorrCoef

from ..errors import InputError
from ..evaluation.correlation import pearson
from ..models.propensity import PropensityModel
from ..models.registry import network_class
from . import processes
from .averaged import AveragedWeights
from .config import OptimizerConfig
from .folder import SECONDS
from .samples import Sample


def random_rotation() -> torch.Tensor:
    """A rotation matrix, uniform over SO(3), from the global random state."""
    matrix, triangle = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    matrix = matrix * triangle.diagonal().sign()
    rotation: torch.Tensor = matrix * torch.linalg.det(matrix).sign()
    return rotation


def diverged(epoch: int) -> InputError:
    """What to say where loss or weights are not numbers any more."""
    return InputError(
        f"training diverged in epoch {epoch}: the loss is not a finite number; begin a new run "
        "with a lower optimizer.learning_rate, and look for extreme labels or energies in the data"
    )


class PropensityTask(lightning.LightningModule):
    """Weighted mean squared error on standardised targets, masked where none is known.

    Validation reports the Pearson correlation of type A: ``validation_rho``, the average over
    configurations and times with labels, by which the best epoch is chosen, and
    ``validation_rho_pooled``, of all particles together, averaged over times. A correlation is that
    of the particles whose label is known. With several processes both the loss and the
    correlations are those of all of them.
    """

    def __init__(self, model: PropensityModel, optimizer: OptimizerConfig, n_steps: int) -> None:
        super().__init__()
        self.model, self.settings, self.n_steps = model, optimizer, n_steps
        self.seconds_before, self.begun = 0.0, perf_counter()
        self.averaged = AveragedWeights(model, optimizer.average) if optimizer.average else None
        self.per_configuration = MeanMetric(nan_strategy="ignore").set_dtype(torch.float64)
        self.pooled: Sequence[PearsonCorrCoef] = nn.ModuleList(  # type: ignore[assignment]
            PearsonCorrCoef().set_dtype(torch.float64) for _ in model.times
        )

    def training_step(self, batch: Sample, _: int) -> torch.Tensor:
        inputs = batch.inputs
        if not network_class(self.model.config).is_equivariant:
            inputs = inputs.rotated(random_rotation().to(inputs.vectors))
        prediction = self.model(inputs)
        known = torch.isfinite(batch.target)
        error = torch.where(known, prediction - batch.target, 0.0).square()
        # Gradients are averaged over processes; particles of all of them count the same.
        count = processes.total(known.sum()).clamp(min=1) / processes.world_size()
        loss = (error * batch.weight).sum() / count
        self.log(
            "loss",
            loss,
            prog_bar=True,
            on_step=False,
            on_epoch=True,
            batch_size=len(known),
            sync_dist=processes.world_size() > 1,
        )
        return loss

    @property
    def kept(self) -> PropensityModel:
        """What is validated and kept: the model, or the one of averaged weights."""
        return self.model if self.averaged is None else self.averaged.model

    def on_train_batch_end(self, *_: Any) -> None:
        if self.averaged is not None:
            self.averaged.update(self.model, self.trainer.global_step)

    def on_train_epoch_end(self) -> None:
        if not torch.isfinite(self.trainer.callback_metrics["loss"]):
            raise diverged(self.current_epoch + 1)

    def validation_step(self, batch: Sample, _: int) -> None:
        if not batch.weight.any():
            return
        of_type_a = batch.inputs.types == 0
        prediction = self.kept(batch.inputs)[of_type_a].double()
        measured = batch.target[of_type_a].double()
        known = torch.isfinite(measured)
        for k, pooled in enumerate(self.pooled):
            p, m = prediction[known[:, k], k], measured[known[:, k], k]
            if len(m) < 2:
                continue
            self.per_configuration.update(pearson(p.cpu().numpy(), m.cpu().numpy()))
            pooled.update(p, m)

    def on_validation_epoch_end(self) -> None:
        # Each gathers its sums from all processes.
        self.log("validation_rho", self.per_configuration.compute(), prog_bar=True)
        pooled = torch.stack([metric.compute().squeeze() for metric in self.pooled])
        self.log("validation_rho_pooled", pooled.nanmean())
        for metric in (self.per_configuration, *self.pooled):
            metric.reset()

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.settings.learning_rate,
            total_steps=self.n_steps,
            pct_start=self.settings.warmup,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Dropout continues from the same state after a resume.
        checkpoint["torch_rng_state"] = torch.get_rng_state()
        checkpoint[SECONDS] = self.seconds_before + perf_counter() - self.begun

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._rng_state = checkpoint["torch_rng_state"]
        self.seconds_before = float(checkpoint.get(SECONDS, 0.0))

    def on_train_start(self) -> None:
        state = getattr(self, "_rng_state", None)
        if state is not None:
            torch.set_rng_state(state)
            # A loader draws a seed for its workers when an epoch begins. The first epoch after a
            # resume has drawn it before this, from another state.
            torch.empty((), dtype=torch.int64).random_()
