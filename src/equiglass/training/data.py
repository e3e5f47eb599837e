"""Prepared configurations and the order in which training shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ..data.configuration import Configuration
from ..models.inputs import ModelInput, batch_inputs
from ..models.propensity import PropensityModel
from . import processes

# Samples stay on the GPU if all of them take less than this share of its free memory.
RESIDENT_SHARE = 0.5


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
        return Sample(
            self.inputs.to(device),
            self.target.to(device, non_blocking=True),
            self.weight.to(device, non_blocking=True),
        )

    def pin_memory(self) -> Sample:
        """The same sample in page-locked memory; the data loader calls it."""
        return Sample(self.inputs.pin_memory(), self.target.pin_memory(), self.weight.pin_memory())

    @property
    def n_bytes(self) -> int:
        """Memory of the tensors."""
        graph = self.inputs.graph
        tensors = (graph.receivers, graph.senders, graph.vectors, graph.lengths)
        return sum(t.nbytes for t in (*tensors, self.inputs.scalars, self.target, self.weight))


def prepare(
    model: PropensityModel,
    configuration: Configuration,
    weight: float = 1.0,
    inputs: ModelInput | None = None,
) -> Sample:
    """Graph, inputs and standardised target of a configuration.

    ``inputs`` are made here unless they are given.
    """
    if inputs is None:
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
    uninterrupted one would. Of several processes each takes every so-many-th configuration; where
    they do not divide evenly, the first of the epoch are shown once more at its end.
    """

    def __init__(self, n_labelled: int, n_reversed: int, per_epoch: int, seed: int) -> None:
        self.n_labelled, self.n_reversed = n_labelled, n_reversed
        self.n_drawn = min(n_reversed, per_epoch)
        self.seed, self.epoch = seed, 0
        self.rank, self.world_size = processes.rank(), processes.world_size()

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-(self.n_labelled + self.n_drawn) // self.world_size)

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
        every = rng.permutation([*range(self.n_labelled), *draws]).tolist()
        every = list(islice(cycle(every), len(self) * self.world_size))
        yield from every[self.rank :: self.world_size]


class SampleList(TorchDataset[Sample]):
    """Samples in memory."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


def _validation_share(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of this process, as many as every other has: the missing ones weigh nothing."""
    count = -(-len(samples) // processes.world_size())
    mine = processes.share(samples)
    copies = [replace(s, weight=torch.zeros_like(s.weight)) for s in samples[:1]]
    return mine + copies * (count - len(mine))


class GlassData(lightning.LightningDataModule):
    """Training samples, reversed trajectories and validation samples, prepared once.

    On a GPU they are moved there once, if they fit, and a step does not wait for the host;
    otherwise workers collate the next steps in page-locked memory meanwhile.
    """

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
        self.validates = bool(validation)
        self.validation = SampleList(_validation_share(validation))
        self.is_streamed = False
        self.batch_size = batch_size
        self.sampler = EpochSampler(
            len(training),
            len(reversed_samples),
            reversed_per_configuration * len(training),
            seed,
        )

    def setup(self, stage: str) -> None:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        if device.type != "cuda":
            return
        size = sum(s.n_bytes for s in [*self.training.samples, *self.validation.samples])
        if size < RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            for part in (self.training, self.validation):
                part.samples = [s.to(device) for s in part.samples]
        else:
            self.is_streamed = True

    def _loader(self, samples: SampleList, size: int, sampler: EpochSampler | None) -> Any:
        workers = 2 if self.is_streamed else 0
        return DataLoader(
            samples,
            size,
            sampler=sampler,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=self.is_streamed,
        )

    def train_dataloader(self) -> Any:
        return self._loader(self.training, self.batch_size, self.sampler)

    def val_dataloader(self) -> Any:
        return self._loader(self.validation, 1, None)

    def transfer_batch_to_device(
        self, batch: Sample, device: torch.device, dataloader_idx: int
    ) -> Sample:
        return batch if batch.target.device == device else batch.to(device)
