"""Prepared configurations and the order in which training shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ..data.configuration import Configuration
from ..models.inputs import ModelInput, batch_inputs
from ..models.propensity import PropensityModel


@dataclass(frozen=True)
class Sample:
    """Input and target of one configuration, or a batch of them.

    Attributes
    ----------
    target
        (N, n_times) standardised propensity, NaN where it is not known.
    weight
        (N,) weight of each particle's loss.
    """

    inputs: ModelInput
    target: torch.Tensor
    weight: torch.Tensor

    def to(self, device: torch.device | str) -> Sample:
        """The same sample on another device."""
        return Sample(self.inputs.to(device), self.target.to(device), self.weight.to(device))


def prepare(model: PropensityModel, configuration: Configuration, weight: float = 1.0) -> Sample:
    """Graph, inputs and standardised target of a configuration."""
    inputs = model.inputs_of(configuration)
    dtype = model.target_mean.dtype
    assert configuration.propensity is not None
    target = torch.from_numpy(np.ascontiguousarray(configuration.propensity.T)).to(dtype)
    return Sample(
        inputs,
        model.standardise(target, inputs.types),
        torch.full((len(configuration),), weight, dtype=dtype),
    )


def collate(samples: Sequence[Sample]) -> Sample:
    """Several samples as one batch."""
    return Sample(
        batch_inputs([s.inputs for s in samples]),
        torch.cat([s.target for s in samples]),
        torch.cat([s.weight for s in samples]),
    )


class EpochSampler(torch.utils.data.Sampler[int]):
    """Every ensemble-labelled configuration once, with some reversed trajectories among them.

    The order is a function of the seed and the epoch alone, so that a resumed run sees what an
    uninterrupted one would.
    """

    def __init__(self, n_labelled: int, n_reversed: int, per_epoch: int, seed: int) -> None:
        self.n_labelled, self.n_reversed = n_labelled, n_reversed
        self.n_drawn = min(n_reversed, per_epoch)
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n_labelled + self.n_drawn

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        # Walk through a shuffled deck, so that all are seen before one is seen again.
        draws: list[int] = []
        if self.n_drawn:
            start = self.epoch * self.n_drawn
            for position in range(start, start + self.n_drawn):
                deck, card = divmod(position, self.n_reversed)
                order = np.random.default_rng([self.seed, deck, 1]).permutation(self.n_reversed)
                draws.append(self.n_labelled + int(order[card]))
        yield from rng.permutation([*range(self.n_labelled), *draws]).tolist()


class SampleList(TorchDataset[Sample]):
    """Samples in memory."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


class GlassData(lightning.LightningDataModule):
    """Training samples, reversed trajectories and validation samples, prepared once."""

    def __init__(
        self,
        training: Sequence[Sample],
        reversed_samples: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        batch_size: int,
        reversed_per_configuration: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.training = SampleList([*training, *reversed_samples])
        self.validation = SampleList(validation)
        self.batch_size = batch_size
        self.sampler = EpochSampler(
            len(training),
            len(reversed_samples),
            reversed_per_configuration * len(training),
            seed,
        )

    def train_dataloader(self) -> DataLoader[Sample]:
        return DataLoader(self.training, self.batch_size, sampler=self.sampler, collate_fn=collate)

    def val_dataloader(self) -> DataLoader[Sample]:
        return DataLoader(self.validation, 1, collate_fn=collate)

    def transfer_batch_to_device(
        self, batch: Sample, device: torch.device, dataloader_idx: int
    ) -> Sample:
        return batch if device.type == "cpu" else batch.to(device)
