"""How a model is evaluated: in which mode, and slab by slab where all edges would not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..data.configuration import Configuration
from ..errors import InputError
from ..memory import kept_freed_memory
from .registry import network_class
from .walks import walking

if TYPE_CHECKING:
    from .base import Walk
    from .inputs import ModelInput
    from .propensity import PropensityModel

Array = NDArray[np.float64]
# Particles that a layer takes at once on a CPU, about: few enough for its caches.
PIECE = 4096


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients inside; the modes of all parts come back, errors or not."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes:
            part.training = mode


def as_array(values: torch.Tensor) -> Array:
    """Real numbers of any precision, from any device."""
    result: Array = values.detach().double().cpu().numpy()
    return result


def nearest(times: Sequence[float], time: float | None) -> int:
    """Index of the time nearest to this one on a logarithmic scale; the last for None.

    Raises
    ------
    InputError
        For what is no positive number.
    """
    if time is None:
        return len(times) - 1
    if not 0 < time < float("inf"):
        raise InputError(
            "must be a positive number", field="time", expected=list(times), found=time
        )
    return int(np.argmin(np.abs(np.log(times) - np.log(time))))


def require_finite(model: PropensityModel, configuration: Configuration, values: Array) -> None:
    """Raise InputError where a prediction, (n_times, N), is not a number."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise InputError(
            f"the model {model.card.name} predicts no finite number for {wrong[row].sum()} of "
            f"{len(configuration)} particles at t = {model.times[row]:g}; the configuration is far "
            "from what it was trained on, or its training diverged",
            source=configuration.source,
        )


def predict_in_slabs(
    model: PropensityModel,
    configuration: Configuration,
    slab_size: int,
    advance: Callable[[], None],
    keep: int = 0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Types (N,) and standardised predictions (N, n_times), with few edges in memory at a time.

    Parameters
    ----------
    slab_size
        Particles in a slab, about.
    advance
        Called after each piece of a slab of each walk.
    keep
        Bytes in which edges are kept from one walk to the next, as far as they fit.
    """
    n, dtype, device = len(configuration), model.target_mean.dtype, model.target_mean.device
    total = torch.zeros(n, len(model.times), dtype=dtype, device=device)
    with _walks(model, configuration, slab_size, advance, keep) as (nodes, walk, order):
        for member in model.networks:
            representation = member.represent_in_slabs(nodes, walk)
            for start in range(0, n, slab_size):
                part = slice(start, start + slab_size)
                total[part] += member.decode(representation[part], nodes.types[part])
    return _in_place(nodes.types, order), _in_place(total / len(model.members), order)


def represent_in_slabs(
    model: PropensityModel, configuration: Configuration, slab_size: int, keep: int = 0
) -> torch.Tensor:
    """The members' representations side by side, (N, n_features); see :func:`predict_in_slabs`."""
    with _walks(model, configuration, slab_size, lambda: None, keep) as (nodes, walk, order):
        features = [m.represent_in_slabs(nodes, walk) for m in model.networks]
        return _in_place(torch.cat(features, dim=1), order)


def _in_place(values: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Rows of particles ``order`` (N,), each at its own place."""
    return torch.empty_like(values).index_copy_(0, order, values)


def slab_steps(model: PropensityModel, n: int, slab_size: int) -> int:
    """How often :func:`predict_in_slabs` calls ``advance``."""
    n_slabs, parts = _slabs_and_parts(model, n, slab_size)
    return n_slabs * parts * sum(m.slab_walks for m in model.networks)


def _slabs_and_parts(model: PropensityModel, n: int, slab_size: int) -> tuple[int, int]:
    """Slabs of a configuration, and the pieces in which a layer takes each of them."""
    parts = -(-slab_size // PIECE) if model.target_mean.device.type == "cpu" else 1
    return -(-n // slab_size), parts


@contextmanager
def _walks(
    model: PropensityModel,
    configuration: Configuration,
    slab_size: int,
    advance: Callable[[], None],
    keep: int,
) -> Iterator[tuple[ModelInput, Walk, torch.Tensor]]:
    """Node inputs where the model is, what starts a walk through the edges, and their order."""
    dtype, device = model.target_mean.dtype, model.target_mean.device
    n_slabs, parts = _slabs_and_parts(model, len(configuration), slab_size)
    nodes, slabs, order = network_class(model.config).read_in_slabs(
        configuration, model.config, n_slabs, dtype, parts, keep
    )
    # Each piece asks for the memory that the one before it freed.
    with kept_freed_memory(), walking(slabs, device, advance) as walk:
        yield nodes.to(device), walk, order.to(device)
