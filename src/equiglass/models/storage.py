"""Finding and loading stored models."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..opening import regular_size
from .by_temperature import at_temperature
from .description import read_description
from .finding import FORMAT
from .finding import divided as divided
from .finding import find_model as find_model
from .finding import packaged_models as packaged_models
from .propensity import PropensityModel
from .released import load_released

# Numbers that a network may hold beyond twice those of its file, before shapes are compared.
SPARE = 10_000_000
DTYPES = (torch.float32, torch.float64)


def load_model(model: str | os.PathLike[str], temperature: float | None = None) -> PropensityModel:
    """Load a model from a run folder, a weight file or by a packaged model's name.

    Parameters
    ----------
    temperature
        Of a model whose times are others at each temperature; or by the name, as ``ka3d@0.5``.

    Raises
    ------
    InputError
        If it is not there, not a model, of a newer format, or damaged; if its times are others at
        each temperature, and none is named, or two are, or if one is named of a model that has no
        choice. No code is executed.
    """
    name, named = divided(model)
    found = restore(name)
    if None not in (named, temperature) and named != temperature:
        raise InputError(
            "asked for at two temperatures", source=model, field="temperature", expected=named,
            found=temperature,
        )  # fmt: skip
    asked = temperature if named is None else named
    if asked is not None:
        require_grid(found, model)
    return at_temperature(found, asked)


def require_grid(model: PropensityModel, name: str | os.PathLike[str]) -> None:
    """Raise InputError if a model was named at a temperature and has no choice of them."""
    if model.grid is None:
        raise InputError(
            "its times are the same at every temperature: name it without one", source=name,
            expected=divided(name)[0],
        )  # fmt: skip


def restore(model: str | os.PathLike[str]) -> PropensityModel:
    """As it was stored: of a model with other times at each temperature, with all of them.

    Raises
    ------
    InputError
        If it is not there, not a model, of a newer format, or damaged. No code is executed.
    """
    path = find_model(model)
    if path.suffix == ".npz":
        return load_released(path)
    regular_size(path)
    try:
        with safe_open(path, framework="pt") as archive:
            header = (archive.metadata() or {}).get(FORMAT)
        if header is None:
            raise InputError("holds tensors, but no equiglass model", source=path)
        description = read_description(header, str(path))
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"not a safetensors file: {error}", source=path) from error
    shape = len(description.types), description.times, description.members
    if description.members > len(state):
        raise InputError(
            "more members than tensors",
            source=path,
            field="members",
            expected=f"at most {len(state)}",
            found=description.members,
        )
    # What the settings ask for may be absurd.
    room = 2 * sum(tensor.numel() for tensor in state.values()) + SPARE
    try:
        with _Limited(room):
            restored = PropensityModel(description.config, *shape, description.card)
    except (RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(
            "no network can be made of these settings", source=path, field="config"
        ) from error
    _check_shapes(restored, state, path)
    dtype = state["target_mean"].dtype
    if dtype not in DTYPES:
        # In less the graph, the sums over neighbours and the predictions would lose their digits.
        raise InputError(
            "numbers of another kind", source=path, field="target_mean", expected=list(DTYPES),
            found=dtype,
        )  # fmt: skip
    own = restored.state_dict()
    for name, tensor in state.items():
        # A damaged header that calls weights whole numbers would have them read as such.
        if own[name].is_floating_point() and tensor.dtype != dtype:
            raise InputError(
                "numbers of another kind", source=path, field=name, expected=dtype,
                found=tensor.dtype,
            )  # fmt: skip
    # Weights and predictions keep the precision they were trained in.
    restored.to(dtype).load_state_dict(state)
    restored.grid = description.grid
    return restored.eval()


class _Limited(TorchFunctionMode):
    """Within it, new tensors hold at most so many numbers together.

    Not the device ``meta``, where arithmetic imports PyTorch's compiler.
    """

    NEW = (torch.empty, torch.zeros, torch.ones, torch.randn)

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in self.NEW:
            size = args[0] if args and not isinstance(args[0], int) else args
            self.room -= math.prod(size)
            if self.room < 0:
                raise OverflowError(f"more room than the weights take: {tuple(size)}")
        return func(*args, **(kwargs or {}))


def _check_shapes(model: PropensityModel, state: dict[str, torch.Tensor], path: Path) -> None:
    """Raise InputError unless a file's tensors are those of the model."""
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            raise InputError(
                "weights do not fit the settings",
                source=path,
                field=name,
                expected=wanted.get(name, "no such tensor"),
                found=found.get(name, "no such tensor"),
            )


def on_fastest(model: PropensityModel) -> PropensityModel:
    """On a GPU where there is one."""
    return model.to("cuda") if torch.cuda.is_available() else model
