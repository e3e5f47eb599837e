"""Samples: what a step reads of a configuration, in memory or made ahead of the step."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDataset

from ..data.configuration import Configuration
from ..data.grids import propensity_on
from ..data.held import Budget
from ..models.graph_inputs import batch_inputs
from ..models.inputs import ModelInput
from ..models.propensity import PropensityModel
from ..models.registry import model_input

THREADS, AHEAD = 2, 6  # that make samples, and how many wait for their step


@dataclass(frozen=True)
class Sample:
    """Input and target of one configuration, or a batch of them.

    Attributes
    ----------
    target
        (N, n_times) standardised propensity, NaN where it is not known.
    weight
        (N, n_times) weight of each label's squared error.
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

    def silent(self) -> Sample:
        """The same with weight zero."""
        return replace(self, weight=torch.zeros_like(self.weight))

    @property
    def n_bytes(self) -> int:
        """Memory of the tensors."""
        return self.inputs.n_bytes + self.target.nbytes + self.weight.nbytes


def prepare(
    model: PropensityModel,
    configuration: Configuration,
    weights: torch.Tensor | None = None,
    inputs: ModelInput | None = None,
) -> Sample:
    """Graph, inputs and standardised target of a configuration.

    Parameters
    ----------
    weights
        (n_types, n_times) of its labels, by default 1.
    inputs
        Made here unless they are given.
    """
    dtype = model.target_mean.dtype
    if inputs is None:
        model.check_types(configuration)
        inputs = model_input(configuration, model.config, model.n_types, dtype)
    # On the CPU also while the model is on a GPU.
    mean, spread = model.target_mean.cpu(), model.target_std.cpu()
    propensity = propensity_on(configuration, model.times)
    target = torch.from_numpy(np.ascontiguousarray(propensity.T)).to(dtype)
    weights = torch.ones_like(mean) if weights is None else weights.to(dtype)
    types = inputs.types
    return Sample(inputs, (target - mean[types]) / spread[types], weights[types])


def collate(samples: Sequence[Sample]) -> Sample:
    """Several samples as one batch, of any numbers of particles."""
    if len(samples) == 1:
        return samples[0]
    return Sample(
        batch_inputs([s.inputs for s in samples]),
        torch.cat([s.target for s in samples]),
        torch.cat([s.weight for s in samples]),
    )


class Samples(TorchDataset[Sample]):
    """The samples of some configurations: kept as far as a budget reaches, else made when needed.

    Threads make what :meth:`begin` announces, a few samples ahead of the step that asks for them.
    A sample is a function of its configuration, so that nothing depends on which are kept.

    Parameters
    ----------
    make
        From the number of a configuration to its sample.
    """

    def __init__(self, count: int, make: Callable[[int], Sample], budget: Budget) -> None:
        self.count, self.budget = count, budget
        self._make_one = make
        self._kept: dict[int, Sample] = {}
        self._waiting: deque[tuple[int, Future[Sample]]] = deque()
        self._next: deque[int] = deque()
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self.count

    def keep(self, index: int, sample: Sample) -> None:
        """Keep a sample that is at hand, if it fits."""
        with self._lock:
            if index not in self._kept and self.budget.take(sample.n_bytes):
                self._kept[index] = sample

    def begin(self, order: Iterable[int]) -> None:
        """Say in which order samples will be asked for; what was announced before is forgotten."""
        self._forget()
        self._next.extend(index for index in order if index not in self._kept)
        for _ in range(AHEAD):
            self._submit()

    def _submit(self) -> None:
        if not self._next:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="samples")
        index = self._next.popleft()
        # A new thread knows no context of its own, such as that of kept descriptors.
        future = self._pool.submit(copy_context().run, self._make, index)
        self._waiting.append((index, future))

    def _make(self, index: int) -> Sample:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        sample = self._make_one(index)
        self.keep(index, sample)
        return sample

    def __getitem__(self, index: int) -> Sample:
        if self._waiting and self._waiting[0][0] == index:
            _, future = self._waiting.popleft()
            self._submit()
            return future.result()
        return self._make(index)

    def _forget(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        self._next.clear()

    def close(self) -> None:
        """End the threads."""
        self._forget()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    @property
    def n_bytes(self) -> int:
        """Memory of what is kept."""
        return sum(s.n_bytes for s in self._kept.values())

    @property
    def all_kept(self) -> bool:
        """Whether no sample has to be made again."""
        return len(self._kept) == self.count

    def make_all(self) -> None:
        """Make what is missing, as far as it can be kept."""
        for index in range(self.count):
            if index not in self._kept and self.budget.left > 0:
                self._make(index)

    def move(self, device: torch.device) -> None:
        """Move what is kept to a device."""
        self._kept = {index: s.to(device) for index, s in self._kept.items()}


def samples_of(
    model: PropensityModel,
    configurations: Sequence[Configuration],
    weights: Callable[[int | None], torch.Tensor] | None,
    budget: Budget,
) -> Samples:
    """The samples of some configurations.

    Parameters
    ----------
    weights
        (n_types, n_times) of labels that are the mean of so many runs; None for 1.
    """

    def make(index: int) -> Sample:
        c = configurations[index]
        return prepare(model, c, None if weights is None else weights(c.n_trajectories))

    return Samples(len(configurations), make, budget)
