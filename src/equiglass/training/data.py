"""The order in which training shows samples, and the loaders that show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from . import processes
from .samples import Sample, Samples, collate

# Samples stay on the GPU if all of them take less than this share of its free memory.
RESIDENT_SHARE = 0.5


def _nothing(_: Sequence[int]) -> None:
    pass


class EpochSampler(torch.utils.data.Sampler[int]):
    """Every labelled configuration once, with some reversed trajectories among them.

    The order is a function of the seed and the epoch alone, so that a resumed run sees what an
    uninterrupted one would. Of several processes each takes every so-many-th configuration; where
    they do not divide evenly, the first of the epoch are shown once more at its end.

    Parameters
    ----------
    announce
        Told the order of an epoch when it begins.
    """

    def __init__(
        self,
        n_labelled: int,
        n_reversed: int,
        per_epoch: int,
        seed: int,
        announce: Callable[[Sequence[int]], None] = _nothing,
    ) -> None:
        self.n_labelled, self.n_reversed = n_labelled, n_reversed
        self.n_drawn = min(n_reversed, per_epoch)
        self.seed, self.epoch = seed, 0
        self.rank, self.world_size = processes.rank(), processes.world_size()
        self.announce = announce

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
        mine = every[self.rank :: self.world_size]
        self.announce(mine)
        yield from mine


class InOrder(torch.utils.data.Sampler[int]):
    """The samples of this process one after another, told to who makes them."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown

    def __len__(self) -> int:
        return len(self.shown)

    def __iter__(self) -> Iterator[int]:
        self.shown.samples.begin(self.shown.numbers)
        yield from range(len(self.shown))


class Shown(TorchDataset[Sample]):
    """The share of this process of some samples, as many as every other has.

    What is missing is the first once more, without weight.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.numbers = processes.share(range(len(samples)))
        self.n_own = len(self.numbers)
        if len(samples):
            count = -(-len(samples) // processes.world_size())
            self.numbers += [0] * (count - self.n_own)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Sample:
        sample = self.samples[self.numbers[index]]
        return sample if index < self.n_own else sample.silent()


class GlassData(lightning.LightningDataModule):
    """Training samples, reversed trajectories among them, and validation samples.

    On a GPU they are moved there once, if they fit, and a step does not wait for the host;
    otherwise workers collate the next steps in page-locked memory meanwhile. What is not kept in
    memory is made ahead of the step by threads of this process.

    Parameters
    ----------
    training
        The labelled ones first, then those of reversed trajectories.
    """

    def __init__(
        self,
        training: Samples,
        validation: Samples,
        *,
        n_labelled: int,
        batch_size: int,
        reversed_per_epoch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.training, self.validation = training, Shown(validation)
        self.validates = len(validation) > 0
        self.workers, self.pins = 0, False
        self.batch_size = batch_size
        self.sampler = EpochSampler(
            n_labelled,
            len(training) - n_labelled,
            reversed_per_epoch,
            seed,
            training.begin,
        )

    def setup(self, stage: str) -> None:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        if device.type != "cuda":
            return
        parts = (self.training, self.validation.samples)
        for part in parts:
            part.make_all()
        size = sum(part.n_bytes for part in parts)
        complete = all(part.all_kept for part in parts)
        if complete and size < RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            for part in parts:
                part.move(device)
        else:
            # Processes for what is at hand and has only to be collated; threads make the rest.
            self.pins, self.workers = True, 2 if complete else 0

    def _loader(self, samples: Any, size: int, sampler: Any) -> Any:
        return DataLoader(
            samples,
            size,
            sampler=sampler,
            collate_fn=collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=self.pins,
        )

    def train_dataloader(self) -> Any:
        return self._loader(self.training, self.batch_size, self.sampler)

    def val_dataloader(self) -> Any:
        return self._loader(self.validation, 1, InOrder(self.validation))

    def close(self) -> None:
        """End the threads that make samples."""
        self.training.close()
        self.validation.samples.close()

    def transfer_batch_to_device(
        self, batch: Sample, device: torch.device, dataloader_idx: int
    ) -> Sample:
        return batch if batch.target.device == device else batch.to(device)
