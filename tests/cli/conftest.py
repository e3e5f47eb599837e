"""Small data and a small model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from equiglass.data.store import write_store
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = PropensityModel(SE3Config(layers=1, channels=2, l_max=1), 2, (1.0, 2.0))
    model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "data.zarr"
    splits = ["train", "train", "train", "test"]
    rows = [(f"{k:05d}", make_complete(seed=k), split) for k, split in enumerate(splits)]
    write_store(path, rows)
    return path
