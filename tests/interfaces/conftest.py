"""A model that is quick, and what it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from equiglass.data.configuration import Configuration
from equiglass.data.store import write_store
from equiglass.models.calibration import Calibration, ErrorModel
from equiglass.models.card import ModelCard
from equiglass.models.propensity import PropensityModel
from equiglass.models.se3 import SE3Config
from tests.conftest import make_complete


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two members of random weights with two times, that read energies of a Kob-Andersen liquid."""
    torch.manual_seed(3)
    config = SE3Config(channels=4, layers=1, l_max=1)
    preparation = {"potential": make_complete().potential.model_dump(mode="json")}  # type: ignore[union-attr]
    errors = tuple(
        ErrorModel(type=t, time=time, floor=0.01, relative=0.1, spread=1, factor_68=1, factor_95=2)
        for t in "AB"
        for time in (1.0, 100.0)
    )
    calibration = Calibration(data="made up", n_configurations=3, n_members=2, errors=errors)
    card = ModelCard(name="small", preparation=preparation, calibration=calibration)
    model = PropensityModel(config, 2, (1.0, 100.0), 2, card)
    model.target_mean += 0.5
    return model.save(tmp_path_factory.mktemp("model") / "small")


@pytest.fixture(scope="session")
def configurations() -> list[Configuration]:
    """Two of a made-up data set."""
    return [make_complete(seed=k, temperature=0.5) for k in range(2)]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, configurations: list[Configuration]) -> Path:
    """The same in one file."""
    path = tmp_path_factory.mktemp("store") / "two.zarr.zip"
    write_store(path, [(f"test-{k}", c, "test") for k, c in enumerate(configurations)])
    return path
