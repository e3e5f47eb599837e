"""Stored models: every version of the format that was ever released, damage, precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from equiglass.data.configuration import Configuration
from equiglass.data.potential import KOB_ANDERSEN
from equiglass.errors import InputError
from equiglass.models.averaging import average
from equiglass.models.description import DESCRIPTION, FORMAT, WEIGHTS, Description
from equiglass.models.propensity import PropensityModel
from equiglass.models.registry import NETWORKS
from equiglass.models.storage import load_model, packaged_models, restore
from equiglass.models.upgrade import STEPS, VERSION
from equiglass.testing import relative_error
from tests.models.store_models import CALIBRATION, DISPLACEMENTS, LATER, MODELS, STORED, small_model

VERSIONS = range(1, VERSION + 1)
WHAT_TO_DO = (
    "the keys of the description have changed since version {0} was settled: raise VERSION in "
    "models/upgrade.py, add a step from {0} there, and run python -m tests.models.store_models"
)


def header_of(file: Path) -> dict[str, Any]:
    with safe_open(file, framework="pt") as archive:
        result: dict[str, Any] = json.loads(archive.metadata()[FORMAT])
    return result


def rewritten(folder: Path, **changes: object) -> Path:
    """The stored ``se3`` of the present version with another description; ``...`` drops a key."""
    source = STORED / f"v{VERSION}" / "se3" / WEIGHTS
    header = {**header_of(source), **changes}
    header = {key: value for key, value in header.items() if value is not ...}
    folder.mkdir(exist_ok=True)
    save_file(load_file(source), folder / WEIGHTS, metadata={FORMAT: json.dumps(header)})
    return folder


@pytest.mark.parametrize(
    ("version", "name"), [(v, n) for n in MODELS for v in VERSIONS if v >= LATER.get(n, 1)]
)
def test_every_version_predicts_what_it_predicted(version: int, name: str) -> None:
    folder = STORED / f"v{version}"
    with np.load(folder / "configuration.npz") as arrays:
        configuration = Configuration(**arrays)
    with np.load(folder / "predictions.npz") as arrays:
        expected = arrays[name]
    model = load_model(folder / name)
    assert model.target_mean.dtype == MODELS[name][1]
    tolerance = 1e-6 if MODELS[name][1] == torch.float32 else 1e-11
    assert relative_error(model.predict(configuration), expected) < tolerance
    assert model.card.metrics == {"validation_rho": 0.5}
    if version == 1:
        assert model.card.preparation is None and model.card.domain is None
        assert model.potential is None
        assert "version 1" in model.card.notes["format"]
    else:
        assert model.potential == KOB_ANDERSEN
        assert model.card.domain is not None
    assert model.card.calibration == (CALIBRATION if version > 2 else None)
    assert model.card.displacements == ((DISPLACEMENTS,) if version > 4 else ())


def test_every_kind_is_stored() -> None:
    kinds = {header_of(STORED / f"v{VERSION}" / n / WEIGHTS)["config"]["kind"] for n in MODELS}
    assert kinds == set(NETWORKS)
    assert set(STEPS) == set(range(1, VERSION))


def keys_of(value: Any) -> Any:
    """The keys of nested mappings, those of one entry standing for all of a list."""
    if isinstance(value, dict):
        return {key: keys_of(item) for key, item in value.items()}
    return [keys_of(value[0])] if isinstance(value, list) and value else None


def test_keys_do_not_change_without_a_version() -> None:
    stored = header_of(STORED / f"v{VERSION}" / "se3" / WEIGHTS)
    assert stored["version"] == VERSION
    present = Description.model_validate(stored).model_dump(mode="json")
    # Settings may gain keys whose default is what was done before: the predictions show it.
    for header in (stored, present):
        header.pop("config")
    assert keys_of(present) == keys_of(stored), WHAT_TO_DO.format(VERSION)


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_is_the_same(name: str, tmp_path: Path) -> None:
    model = small_model(*MODELS[name])
    model.save(tmp_path / "a")
    restored = load_model(tmp_path / "a")
    restored.save(tmp_path / "b")
    for file in (WEIGHTS, DESCRIPTION):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    both = average([model, restored])
    assert both.target_mean.dtype == model.target_mean.dtype


@pytest.mark.parametrize("key", ["config", "types", "times", "members", "name", "metrics"])
def test_missing_key(key: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{WEIGHTS}: {key}: missing key"):
        load_model(rewritten(tmp_path / "model", **{key: ...}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("members", 10**12),
        ("members", 9_999),
        ("members", 0),
        ("types", ["A"] * 10**6),
        ("types", ["B", "A"]),
        ("times", []),
        ("times", [1.0, 1.0]),
        ("times", [-1.0]),
        ("times", [1.0, 2.0, 3.0]),
        ("version", None),
        ("version", "2"),
        ("version", VERSION + 1),
        ("config", {"kind": "botanic"}),
        ("config", {"kind": "se3", "channels": 10**9}),
        ("config", {"kind": ["se3"]}),
        ("preparation", {"potential": {"name": "half"}}),
        ("domain", {"dimensions": [3]}),
    ],
)
def test_absurd_value(key: str, value: object, tmp_path: Path) -> None:
    """Refused in one line, before memory is asked for."""
    with pytest.raises(InputError) as caught:
        load_model(rewritten(tmp_path / "model", **{key: value}))
    assert "\n" not in str(caught.value)
    assert WEIGHTS in str(caught.value)


@pytest.mark.parametrize("header", ["{", "[]", "null"])
def test_damaged_header(header: str, tmp_path: Path) -> None:
    tensors = load_file(STORED / f"v{VERSION}" / "se3" / WEIGHTS)
    save_file(tensors, tmp_path / WEIGHTS, metadata={FORMAT: header})
    with pytest.raises(InputError, match="damaged description"):
        load_model(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_numbers_of_too_few_digits_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    file = rewritten(tmp_path) / WEIGHTS
    header = header_of(file)
    state = {name: tensor.to(dtype) for name, tensor in load_file(file).items()}
    save_file(state, file, {FORMAT: json.dumps(header)})
    with pytest.raises(InputError, match="target_mean: numbers of another kind"):
        load_model(file)


def test_weights_of_another_kind_than_the_rest_are_refused(tmp_path: Path) -> None:
    """As where one letter of the header is damaged, and bits of weights are read as integers."""
    file = rewritten(tmp_path) / WEIGHTS
    header, state = header_of(file), load_file(file)
    name = next(k for k, tensor in state.items() if k.endswith("weight") and tensor.ndim > 1)
    state[name] = state[name].view(torch.int32)
    save_file(state, file, {FORMAT: json.dumps(header)})
    with pytest.raises(InputError, match=f"{name}: numbers of another kind"):
        load_model(tmp_path)


def test_truncated_file(tmp_path: Path) -> None:
    whole = (STORED / f"v{VERSION}" / "se3" / WEIGHTS).read_bytes()
    for size in (0, 5, 100, len(whole) - 1):
        (tmp_path / WEIGHTS).write_bytes(whole[:size])
        with pytest.raises(InputError, match="not a safetensors file"):
            load_model(tmp_path)


def test_packaged_models_are_of_the_present_version() -> None:
    for name in packaged_models():
        model = restore(name)
        assert isinstance(model, PropensityModel)
        assert model.potential is not None and model.card.domain is not None
        assert "format" not in model.card.notes
