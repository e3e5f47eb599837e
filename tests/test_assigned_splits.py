"""Splits by the names of configurations; tests at temperatures that were not trained at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equiglass.data.configuration import Configuration
from equiglass.data.dataset import Dataset, read
from equiglass.data.relaxation import PUBLISHED, RelaxationTime
from equiglass.data.store import write_store
from equiglass.errors import InputError
from equiglass.studies.unseen import by_temperature
from equiglass.training.config import TrainConfig
from equiglass.training.sources import open_data
from tests.conftest import make_complete


def at(temperature: float, times: list[float], tau: float | None, seed: int) -> Configuration:
    return make_complete(20, seed=seed, n_times=len(times)).replace(
        times=np.array(times), temperature=temperature,
        relaxation_time=None if tau is None else RelaxationTime(tau, PUBLISHED),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores: one of a warm temperature, one of a cold with two grids."""
    root = tmp_path_factory.mktemp("stores")
    warm = [at(0.64, [0.1, 1.0, 10.0], 10.0, k) for k in range(4)]
    cold = [
        at(0.56, [0.3, 3.1, 20.0], 30.0, 10),
        at(0.56, [0.32, 1.0, 2.9], None, 11),
    ]
    for name, members in (("warm", warm), ("cold", cold)):
        write_store(root / f"{name}.zarr", [(f"c{k}", c, "train") for k, c in enumerate(members)])
    return root


def opened(folder: Path, **splits: list[str]) -> Dataset:
    config = TrainConfig.model_validate({"data": {"path": str(folder), "splits": splits}})
    return open_data(config).dataset


def test_names_decide(folder: Path) -> None:
    found = opened(folder, train=["warm.zarr/c[01]"], test=["c3", "cold.zarr/*"])
    names = {s: [Path(e.name).name for e in part.entries] for s, part in found.splits.items()}
    assert names == {"train": ["c0", "c1"], "test": ["c0", "c1", "c3"]}
    assert {e.split for e in read(folder).entries} == {"train"}


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": ["c0"], "test": ["warmer.zarr/*"]}, r"splits.test: .*no config.*warmer.zarr/\*"),
        ({"train": ["c0"], "test": ["warm.zarr/*"]}, "c0 is named for train and for test"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    splits: dict[str, list[str]], message: str, folder: Path
) -> None:
    with pytest.raises(InputError, match=message):
        opened(folder, **splits)


def test_unseen_temperatures_are_tested_at_equal_reduced_times(folder: Path) -> None:
    found = opened(folder, train=["warm.zarr/c[01]"], test=["warm.zarr/c3", "cold.zarr/*"])
    groups = by_temperature(found.splits["train"], found.splits["test"])
    assert list(groups) == ["T=0.56", "T=0.64"]
    original = read(folder / "cold.zarr")
    # t = 0.1 and 1 of tau = 10 are t = 0.3 and 3 of tau = 30, which one of them states.
    for c, whole, rows in zip(groups["T=0.56"], original, ([0, 1], [0, 2]), strict=True):
        assert c.times is not None and whole.propensity is not None
        assert c.times.tolist() == [0.1, 1.0]
        assert np.array_equal(c.propensity, whole.propensity[rows])
    assert groups["T=0.64"][0].times.tolist() == [0.1, 1.0, 10.0]  # type: ignore[union-attr]
    alone = opened(folder, train=["warm.zarr/c[01]"], test=["cold.zarr/c1"])
    with pytest.raises(InputError, match="T=0.56: relaxation_time: .*not known"):
        by_temperature(alone.splits["train"], alone.splits["test"])
