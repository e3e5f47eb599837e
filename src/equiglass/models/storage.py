"""Finding and loading stored models."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from ..errors import InputError
from .message import MessageConfig, MessageNetwork, released_weights
from .networks import NetworkConfig
from .propensity import FORMAT, VERSION, WEIGHTS, ModelCard, PropensityModel


def packaged_models() -> list[str]:
    """Names of the models that come with the package."""
    folder = Path(str(files("equiglass") / "packaged" / "models"))
    return sorted(p.parent.name for p in folder.glob(f"*/{WEIGHTS}"))


def find_model(model: str | os.PathLike[str]) -> Path:
    """Weight file of a run folder, of a file, or of a packaged model's name.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(model)
    if path.is_file():
        return path
    for candidate in (
        path / WEIGHTS,
        path / "model" / WEIGHTS,
        Path(str(files("equiglass") / "packaged" / "models")) / str(model) / WEIGHTS,
    ):
        if candidate.is_file():
            return candidate
    raise InputError(
        "no such model",
        source=model,
        expected=f"a run folder, a .safetensors file or one of {packaged_models()}",
    )


def load_model(model: str | os.PathLike[str]) -> PropensityModel:
    """Load a model from a run folder, a weight file or by a packaged model's name.

    Raises
    ------
    InputError
        If it is not there, not a model, of a newer format, or damaged. No code is executed.
    """
    path = find_model(model)
    if path.suffix == ".npz":
        return load_released(path)
    try:
        with safe_open(path, framework="pt") as archive:
            header = (archive.metadata() or {}).get(FORMAT)
    except (SafetensorError, OSError) as error:
        raise InputError(f"not a safetensors file: {error}", source=path) from error
    if header is None:
        raise InputError("holds tensors, but no equiglass model", source=path)
    description = json.loads(header)
    if description["version"] > VERSION:
        raise InputError(
            "written by a newer equiglass",
            source=path,
            field="version",
            expected=f"at most {VERSION}",
            found=description["version"],
        )
    try:
        config: NetworkConfig = TypeAdapter(NetworkConfig).validate_python(description["config"])
    except ValidationError as error:
        raise InputError(f"unknown settings: {error}", source=path, field="config") from error
    card = ModelCard(*(description[key] for key in ("name", "data", "metrics", "notes")))
    restored = PropensityModel(
        config, len(description["types"]), description["times"], description["members"], card
    )
    try:
        restored.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise InputError(f"weights do not fit the settings: {error}", source=path) from error
    return restored.eval()


def load_on_fastest(model: str | os.PathLike[str]) -> PropensityModel:
    """:func:`load_model`, then onto a GPU where there is one."""
    loaded = load_model(model)
    return loaded.to("cuda") if torch.cuda.is_available() else loaded


def load_released(path: Path, time: float = 1.0) -> PropensityModel:
    """The released weights of Bapst et al., as named arrays in an npz file.

    Their single output, the propensity of type A in sigma, is given for every type. The file does
    not say which time it belongs to; ``time`` is what the model will call it.

    Raises
    ------
    InputError
        If the file is not such an archive.
    """
    config = MessageConfig(kind="bapst")
    model = PropensityModel(config, 2, [time], card=ModelCard(path.stem))
    network = model.networks[0]
    assert isinstance(network, MessageNetwork)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: torch.from_numpy(archive[name]) for name in archive.files}
        network.load_state_dict(released_weights(arrays, network))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise InputError(
            f"not the released weights of Bapst et al.: {error}", source=path
        ) from error
    return model.eval()
